"""The two log densities at given parameters, from the 5721 x 5721 covariance of the observed places.

    pip install numpy scipy netCDF4
    gridgp summary fit.nc --json > fit.json
    python reference.py fit.json

Minutes, and 1 GB: eigenvectors of the places and of the months, K = (Q x U)(L x M)(Q x U)'.
"""

import json
import sys

import netCDF4
import numpy as np
from scipy import linalg, stats


def matern52(x, lengthscale):
    r = np.sqrt(5) * np.abs(x[:, None] - x) / lengthscale
    return (1 + r + r * r / 3) * np.exp(-r)


def log_normal(median, sd):
    return stats.lognorm(s=sd, scale=median)


PRIORS = {
    "level": stats.norm(300, 5),
    "noise": stats.halfnorm(scale=2),
    "f.amplitude": stats.halfnorm(scale=4),
    "f.time.lengthscale": log_normal(2000, 1),
    "f.latitude.lengthscale": log_normal(3, 0.7),
    "f.longitude.lengthscale": log_normal(10, 1),
}

with open(sys.argv[1]) as file:
    summary = json.load(file)
p = {name: summary["parameters"][name]["estimate"] for name in PRIORS}
with netCDF4.Dataset("sst.nc") as file:
    y = np.ma.filled(file["surface_temperature"][:].astype(float), np.nan)
    time, latitude, longitude = (
        np.asarray(file[axis][:], float) for axis in ("time", "latitude", "longitude")
    )
i, j = np.argwhere(~np.isnan(y[0])).T
along_time, q = np.linalg.eigh(matern52(time, p["f.time.lengthscale"]))
places = matern52(latitude, p["f.latitude.lengthscale"])[np.ix_(i, i)]
places *= matern52(longitude, p["f.longitude.lengthscale"])[np.ix_(j, j)]
along_places, u = linalg.eigh(places, driver="evd", overwrite_a=True)
rotated = q.T @ (y[:, i, j] - p["level"]) @ u
variance = p["f.amplitude"] ** 2 * np.outer(along_time, along_places) + p["noise"] ** 2
log_likelihood = -0.5 * np.sum(rotated**2 / variance + np.log(2 * np.pi * variance))
log_prior = sum(prior.logpdf(p[name]) for name, prior in PRIORS.items())
print(json.dumps({
    "log_marginal_likelihood": log_likelihood,
    "log_posterior": log_likelihood + log_prior,
}, indent=2))
