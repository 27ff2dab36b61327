"""Scores what `gridgp predict` says about the cells that were cut out.

    pip install numpy scipy netCDF4
    python score.py modis_lst_gaps.nc prediction.nc

The continuous ranked probability score is that of normal predictions (Gneiting and Raftery 2007, section 4.2).
"""

import sys

import netCDF4
import numpy as np
from scipy.stats import norm


def read(path, *names):
    with netCDF4.Dataset(path) as file:
        return [np.ma.filled(file[name][:].astype(float), np.nan) for name in names]


given, truth = read(sys.argv[1], "lst", "truth")
mean, sd = read(sys.argv[2], "mean", "sd_observation")
held = np.isnan(given) & ~np.isnan(truth)
error, sd = (truth - mean)[held], sd[held]
z = error / sd
crps = sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
print(f"{held.sum()} cells: root mean square {np.sqrt(np.mean(error**2)):.3f}, mean absolute "
      f"{np.abs(error).mean():.3f}, CRPS {crps.mean():.3f}")
print(f"intervals of 90 % hold {100 * np.mean(np.abs(z) < norm.ppf(0.95)):.1f} %")
