"""Maximum likelihood by SciPy's L-BFGS-B on a marginal-likelihood peer, from the problem's parameters.

    python -m fit.lbfgs jax_eigh '{"file": ..., "axes": [...], ...}'

Cold seconds are from the data in memory to the optimum, compiling included; warm seconds repeat the
fit with what is compiled. Memory is the peak of the first fit.
"""

import measure  # first: sets the number of threads

import importlib
import sys
import time

import numpy as np
from scipy.optimize import minimize

import problem


def main():
    peer, text = sys.argv[1], sys.argv[2]
    module = importlib.import_module(f"marginal.{peer}")
    build = getattr(module, "build", None) or module.Marginal
    described = problem.parse(text)
    started = time.perf_counter()
    value_and_gradient = build(described)

    def negative(theta):
        value, gradient = value_and_gradient(theta)
        return -float(value), -np.asarray(gradient)

    def fit():
        # ftol is relative to the value: below 1e-12, differences of 1e-6 in it still count here.
        options = {"maxiter": 200, "ftol": 1e-13, "gtol": 1e-3}
        return minimize(negative, described.log_parameters, jac=True, method="L-BFGS-B", options=options)

    found = fit()
    cold, peak = time.perf_counter() - started, measure.peak_memory()
    started = time.perf_counter()
    fit()
    measure.report(
        f"{peer}_lbfgs",
        n=list(described.y.shape),
        cold_seconds=cold,
        warm_seconds=time.perf_counter() - started,
        fit_memory_bytes=peak,
        log_marginal_likelihood=-found.fun,
        gradient_norm=float(np.linalg.norm(found.jac)),
        evaluations=found.nfev,
        parameters=np.exp(found.x).tolist(),
        message=found.message,
    )


if __name__ == "__main__":
    main()
