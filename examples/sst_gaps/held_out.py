"""Holds out one place of the sea in twenty, at all times, and scores what is predicted there.

    pip install numpy scipy netCDF4
    python held_out.py make                                   # held_out.nc
    gridgp fit model.toml --data held_out.nc -o held_out_fit.nc
    gridgp predict held_out_fit.nc -o prediction.nc
    python held_out.py score prediction.nc

The other method interpolates each month linearly between the places that are left (Delaunay's triangles).
With scikit-learn, `python held_out.py subset` fits the same kernel to 2000 of the cells that are left, what its
memory and time of the cube allow.
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


def subset(count=2000):
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    y, (latitude, longitude), sea, out = read()
    held = {tuple(place) for place in out}
    left = np.array([place for place in sea if tuple(place) not in held])
    months = np.arange(len(y))

    def cells(places):
        at = np.column_stack([np.repeat(months, len(places)), np.tile(places, (len(months), 1))])
        inputs = np.column_stack([at[:, 0], latitude[at[:, 1]], longitude[at[:, 2]]])
        return inputs, y[at[:, 0], at[:, 1], at[:, 2]]

    inputs, values = cells(left)
    some = np.random.default_rng(2).choice(len(values), count, replace=False)
    kernel = ConstantKernel(10.0) * Matern([3.0, 3.0, 10.0], nu=2.5) + WhiteKernel(0.01)
    regressor = GaussianProcessRegressor(kernel, normalize_y=True).fit(inputs[some], values[some])
    inputs, truth = cells(out)
    mean, sd = regressor.predict(inputs, return_std=True)
    inside = np.mean(np.abs(mean - truth) <= 1.6448536 * sd)
    print(f"{count} cells, {regressor.kernel_}")
    print(f"root mean square: {np.sqrt(np.mean((mean - truth) ** 2)):.4f} K")
    print(f"intervals of 90 % hold {100 * inside:.1f} %")


if __name__ == "__main__":
    {"make": make, "score": score, "subset": subset}[sys.argv[1]](*sys.argv[2:])
