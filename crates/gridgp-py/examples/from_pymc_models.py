"""Our side of the models in docs/python-from-pymc.md; peers/python/pymc_models.py is the other."""

from pathlib import Path

import pandas as pd

import gridgp as gp
from gridgp.kernels import Cosine, Matern52
from gridgp.likelihoods import Gaussian
from gridgp.priors import Gamma, HalfNormal, TruncatedNormal

folder = Path(__file__).parents[3] / "examples/kron2d"
data = pd.read_csv(folder / "observations.csv").set_index(["x1", "x2"])["y"].to_xarray()

# MarginalKron.
ls1, ls2 = gp.Parameter("ls1", Gamma(2, rate=2)), gp.Parameter("ls2", Gamma(2, rate=2))
eta, sigma = gp.Parameter("eta", HalfNormal(2)), gp.Parameter("sigma", HalfNormal(2))
f = gp.Field("f", x1=Matern52(lengthscale=ls1), x2=Cosine(period=ls2), amplitude=eta)
model = gp.Model(Gaussian(location=f, scale=sigma), response="y", axes=["x1", "x2"])
fit = model.fit(data, method="map", progress=False)
new = fit.predict(x1=[5.1, 5.5, 6.0], x2=[0.0, 0.25])

# LatentKron.
ls1 = gp.Parameter("ls1", TruncatedNormal(1, 0.5, lower=0.5, upper=1.5))
ls2 = gp.Parameter("ls2", TruncatedNormal(1, 0.5, lower=0.5, upper=1.5))
eta, sigma = gp.Parameter("eta", HalfNormal(0.5)), gp.Parameter("sigma", HalfNormal(0.5))
f = gp.Field("f", x1=Matern52(lengthscale=ls1), x2=Cosine(period=ls2), amplitude=eta)
latent = gp.Model(Gaussian(location=f, scale=sigma), response="y", axes=["x1", "x2"])
draws = latent.fit(
    data, method="nuts", route="joint", seed=1, chains=2, tune=200, draws=200, progress=False
)
course = draws.draws["f"].mean(["chain", "draw"])

if __name__ == "__main__":
    for name, value in fit.summary()["estimate"].items():
        print(f"mode of {name} {value:.6f}")
    print(f"predicted {float(new['mean'][0, 0]):.6f}")
    for name, value in draws.summary()["mean"].items():
        print(f"posterior mean of {name} {value:.6f}")
