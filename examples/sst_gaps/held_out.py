"""Holds out one place of the sea in twenty, at all times, and scores what is predicted there.

    pip install numpy scipy netCDF4
    python held_out.py make                                   # held_out.nc
    gridgp fit model.toml --data held_out.nc -o held_out_fit.nc
    gridgp predict held_out_fit.nc -o prediction.nc
    python held_out.py score prediction.nc

The other method interpolates each month linearly between the places that are left (Delaunay's triangles).
"""

import shutil
import sys

import netCDF4
import numpy as np
from scipy.interpolate import LinearNDInterpolator

NAME = "surface_temperature"


def read():
    with netCDF4.Dataset("sst.nc") as file:
        y = np.ma.filled(file[NAME][:].astype(float), np.nan)
        at = [np.asarray(file[axis][:], float) for axis in ("latitude", "longitude")]
    sea = np.argwhere(~np.isnan(y[0]))
    out = sea[np.random.default_rng(1).permutation(len(sea))[: len(sea) // 20]]
    return y, at, sea, out


def make():
    _, _, _, out = read()
    shutil.copy("sst.nc", "held_out.nc")
    with netCDF4.Dataset("held_out.nc", "r+") as file:
        y = file[NAME][:]
        y[:, out[:, 0], out[:, 1]] = np.ma.masked
        file[NAME][:] = y


def score(path):
    y, (latitude, longitude), sea, out = read()
    held = {tuple(place) for place in out}
    left = np.array([place for place in sea if tuple(place) not in held])
    truth = y[:, out[:, 0], out[:, 1]]
    with netCDF4.Dataset(path) as file:
        mean, quantiles = (np.ma.filled(file[name][:], np.nan) for name in ("mean", "quantiles"))
    along = [axis for axis, n in enumerate(quantiles.shape) if n == 3][0]
    low, _, high = np.moveaxis(quantiles, along, 0)[..., out[:, 0], out[:, 1]]
    inside = np.mean((truth >= low) & (truth <= high))
    place = lambda cells: np.column_stack([latitude[cells[:, 0]], longitude[cells[:, 1]]])
    linear = LinearNDInterpolator(place(left), y[:, left[:, 0], left[:, 1]].T)(place(out)).T
    error = lambda found: np.sqrt(np.nanmean((found - truth) ** 2))
    print(f"root mean square: {error(mean[:, out[:, 0], out[:, 1]]):.4f} K, linear {error(linear):.4f} K")
    print(f"intervals of 90 % hold {100 * inside:.1f} %")


if __name__ == "__main__":
    make() if sys.argv[1] == "make" else score(sys.argv[2])
