"""Yearly maxima that follow a covariate: return levels now and later."""

import numpy as np
import xarray as xr

import gridgp as gp
from gridgp.kernels import Matern32
from gridgp.likelihoods import GEV
from gridgp.priors import HalfNormal, LogNormal, Normal

rng = np.random.default_rng(3)
year = np.arange(1980.0, 2025.0)
gmst = 0.02 * (year - 1980)
lon, lat = rng.uniform(-9, 3, 8), rng.uniform(36, 43, 8)
tmax = 35 + 0.3 * (40 - lat[:, None]) + 1.5 * gmst + rng.gumbel(0, 1.5, (8, 45))
data = xr.Dataset(
    {"tmax": (("station", "year"), tmax, {"units": "degC"}), "gmst": ("year", gmst)},
    coords={"year": year, "lon": ("station", lon), "lat": ("station", lat)},
)

station = gp.Axis("station", "lon", "lat")
warming = gp.Covariate("gmst", along="year", center=True)
base = gp.Field(
    "base",
    station=Matern32(lengthscale=LogNormal("log(3)", 0.5)),
    amplitude=HalfNormal(2),
    center=station,
)
location = (
    gp.Intercept(Normal(35, 5), name="mu0")
    + base(station)
    + gp.Parameter("slope", Normal(1, 1)) * warming
)
model = gp.Model(
    GEV(location, gp.Parameter("sigma", LogNormal("log(2)", 0.4)), Normal(0.1, 0.1)),
    response="tmax",
    axes=[station, "year"],
)

fit = model.fit(data, method="laplace", seed=1, progress=False)
levels = fit.return_levels(
    [10, 100], scenarios={"1980": {"gmst": 0.0}, "2024": {"gmst": 0.88}}, year=[2000.0]
)
print(levels["level"].mean(["station", "year"]).round(1).to_series())
