"""Monthly sea surface temperature: a yearly curve, and each year's own deviation from it."""

from pathlib import Path

import pandas as pd

import gridgp as gp
from gridgp.kernels import Constant, Matern32, White
from gridgp.likelihoods import Gaussian
from gridgp.priors import HalfNormal, LogNormal, Normal

here = Path(__file__).resolve().parents[3] / "examples/elnino"
table = pd.read_csv(here / "elnino_sst.csv").set_index(["year", "month"])
sst = table["sst"].to_xarray()

mean = gp.Intercept(Normal(23, 3), name="mean")
deviation = gp.Parameter("deviation", HalfNormal(1))
smoothness = gp.Parameter("smoothness", LogNormal("log(4)", 0.7))
course = gp.Field(
    "course",
    year=Constant() + White().scaled(deviation),
    month=Matern32(lengthscale=smoothness),
    amplitude=gp.Parameter("cycle", HalfNormal(3)),
)
model = gp.Model(
    Gaussian(location=mean + course("year", "month"), scale=gp.Parameter("noise", HalfNormal(1))),
    response="sst",
    axes=["year", "month"],
)
print(model)

fit = model.fit(sst, progress=False)
print(fit.summary()["estimate"])
print(fit.predict(year=[1997, 2011], quantiles=[0.05, 0.95]))
