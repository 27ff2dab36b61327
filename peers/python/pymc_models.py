"""The side of PyMC of the models in docs/python-from-pymc.md."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm

folder = Path(__file__).parents[2] / "examples/kron2d"
table = pd.read_csv(folder / "observations.csv")
x1, x2 = np.unique(table.x1)[:, None], np.unique(table.x2)[:, None]
y = table.y.to_numpy()

with pm.Model() as marginal:
    ls1, ls2 = pm.Gamma("ls1", alpha=2, beta=2), pm.Gamma("ls2", alpha=2, beta=2)
    eta, sigma = pm.HalfNormal("eta", sigma=2), pm.HalfNormal("sigma", sigma=2)
    cov1 = pm.gp.cov.Matern52(1, ls=ls1)
    cov2 = eta**2 * pm.gp.cov.Cosine(1, ls=ls2)
    gp = pm.gp.MarginalKron(cov_funcs=[cov1, cov2])
    gp.marginal_likelihood("y", Xs=[x1, x2], y=y, sigma=sigma)
    point = pm.find_MAP(progressbar=False)

with pm.Model() as latent:
    ls1 = pm.TruncatedNormal("ls1", lower=0.5, upper=1.5, mu=1, sigma=0.5)
    ls2 = pm.TruncatedNormal("ls2", lower=0.5, upper=1.5, mu=1, sigma=0.5)
    eta, sigma = pm.HalfNormal("eta", sigma=0.5), pm.HalfNormal("sigma", sigma=0.5)
    cov1 = pm.gp.cov.Matern52(1, ls=ls1)
    cov2 = eta**2 * pm.gp.cov.Cosine(1, ls=ls2)
    gp = pm.gp.LatentKron(cov_funcs=[cov1, cov2])
    f = gp.prior("f", Xs=[x1, x2])
    pm.Normal("y", mu=f, sigma=sigma, observed=y)

if __name__ == "__main__":
    for name in ("eta", "ls1", "ls2", "sigma"):
        print(f"mode of {name} {float(point[name]):.6f}")
    # Minutes: 1504 unknowns, where the rank of the cosine would make it 104.
    if "--sample" in sys.argv:
        with latent:
            draws = pm.sample(chains=2, tune=200, draws=200, random_seed=1, progressbar=False)
        for name in ("eta", "ls1", "ls2", "sigma"):
            print(f"posterior mean of {name} {float(draws.posterior[name].mean()):.6f}")
