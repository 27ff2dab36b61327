"""Monthly sea surface temperature: a yearly curve, and each year's own deviation from it."""

from pathlib import Path

import pandas as pd

import gridgp as gp
from gridgp.likelihoods import Gaussian
from gridgp.priors import HalfNormal, LogNormal, Normal

here = Path(__file__).resolve().parents[3] / "examples/elnino"
table = pd.read_csv(here / "elnino_sst.csv").set_index(["year", "month"])
sst = table["sst"].to_xarray()

mean = gp.Intercept(Normal(23, 3), name="mean")
course = gp.Field(
    "course",
    year="constant() + deviation^2 * white()",
    month="matern32(lengthscale = smoothness)",
    amplitude=gp.Parameter("cycle", HalfNormal(3)),
)
model = gp.Model(
    Gaussian(location=mean + course("year", "month"), scale=gp.Parameter("noise", HalfNormal(1))),
    response="sst",
    axes=["year", "month"],
    parameters={"deviation": HalfNormal(1), "smoothness": LogNormal("log(4)", 0.7)},
)
print(model)

fit = model.fit(sst, progress=False)
print(fit.summary()["estimate"])
print(fit.predict(year=[1997, 2011], quantiles=[0.05, 0.95]))
