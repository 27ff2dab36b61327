"""Counts with an exposure, sampled: the rate is a smooth curve along a transect."""

import numpy as np
import xarray as xr

import gridgp as gp
from gridgp.kernels import Matern52
from gridgp.likelihoods import Poisson
from gridgp.priors import HalfNormal, InverseGamma, Normal

rng = np.random.default_rng(0)
km = np.arange(40.0)
hours = rng.uniform(1, 3, 40)
data = xr.Dataset(
    {"birds": ("km", rng.poisson(hours * np.exp(1 + np.sin(km / 5)))), "hours": ("km", hours)},
    coords={"km": ("km", km, {"units": "km"})},
)

curve = gp.Field(
    "curve",
    km=Matern52(lengthscale=InverseGamma(5, scale=20)),
    amplitude=HalfNormal(1),
)
rate = gp.Covariate("hours") * gp.exp(gp.Intercept(Normal(0, 2)) + curve)
model = gp.Model(Poisson(rate=rate), response="birds", axes=["km"])

fit = model.fit(data, method="nuts", seed=1, chains=2, tune=300, draws=300, progress=False)
print(fit)
print(fit.predict(hours=np.ones(40), quantiles=[0.05, 0.95])["quantiles"].sel(km=10))
