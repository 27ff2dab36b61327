"""Cold start to MAP on the 50 x 30 example, as PyMC's own MarginalKron notebook does it.

    python -m fit.pymc_kron2d observations.csv

MarginalKron, Gamma and HalfNormal priors, `find_MAP(method="BFGS")` from PyMC's default start.
The value is the log posterior on the natural scale, without Jacobian terms.
"""

import measure  # first: sets the number of threads

import marginal.pymc_marginal_kron  # noqa: F401  a compile directory of this run's own

import sys
import time

import numpy as np
import pymc as pm


def main():
    table = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1)
    x1, x2 = np.unique(table[:, 0]), np.unique(table[:, 1])
    started = time.perf_counter()
    with pm.Model() as model:
        ls1 = pm.Gamma("ls1", alpha=2, beta=2)
        ls2 = pm.Gamma("ls2", alpha=2, beta=2)
        eta = pm.HalfNormal("eta", sigma=2)
        cov_x1 = pm.gp.cov.Matern52(1, ls=ls1)
        cov_x2 = eta**2 * pm.gp.cov.Cosine(1, ls=ls2)
        gp = pm.gp.MarginalKron(cov_funcs=[cov_x1, cov_x2])
        sigma = pm.HalfNormal("sigma", sigma=2)
        gp.marginal_likelihood("y", Xs=[x1[:, None], x2[:, None]], y=table[:, 3], sigma=sigma)
        found = pm.find_MAP(method="BFGS", progressbar=False)
    seconds = time.perf_counter() - started
    unconstrained = {v.name: found[v.name] for v in model.value_vars}
    measure.report(
        "pymc_find_map",
        n=[x1.size, x2.size],
        seconds=seconds,
        log_posterior=float(model.compile_logp(jacobian=False)(unconstrained)),
        parameters={name: float(found[name]) for name in ("ls1", "ls2", "eta", "sigma")},
    )


if __name__ == "__main__":
    main()
