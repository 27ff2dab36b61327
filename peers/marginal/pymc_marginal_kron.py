"""PyMC's MarginalKron: its compiled logp and dlogp function.

Flat parameters on the log scale add nothing to the density, so that the value is the log marginal
likelihood. Every run compiles into a directory of its own: the cold time is that of a first use.
`PEER_KEEP_COMPILED=1` uses PyTensor's ordinary cache instead.
"""

import measure  # first: sets the number of threads

import os
import tempfile

if not os.environ.get("PEER_KEEP_COMPILED"):
    compiled = tempfile.TemporaryDirectory(prefix="pytensor_")
    os.environ["PYTENSOR_FLAGS"] = f"base_compiledir={compiled.name}," + os.environ.get("PYTENSOR_FLAGS", "")

import numpy as np
import pymc as pm

KERNELS = {
    "matern52": pm.gp.cov.Matern52,
    "matern32": pm.gp.cov.Matern32,
    "squared_exponential": pm.gp.cov.ExpQuad,
    "cosine": pm.gp.cov.Cosine,
}


def build(problem):
    with pm.Model() as model:
        lengthscales = [pm.math.exp(pm.Flat(f"log_lengthscale_{i}")) for i in range(len(problem.axes))]
        amplitude = pm.math.exp(pm.Flat("log_amplitude"))
        noise = pm.math.exp(pm.Flat("log_noise"))
        covariances = [KERNELS[a.kernel](1, ls=ls) for a, ls in zip(problem.axes, lengthscales)]
        covariances[0] = amplitude**2 * covariances[0]
        gp = pm.gp.MarginalKron(cov_funcs=covariances)
        points = [a.coordinates[:, None] for a in problem.axes]
        gp.marginal_likelihood("y", Xs=points, y=problem.y.ravel(), sigma=noise)
    function = model.logp_dlogp_function(ravel_inputs=True)
    function.set_extra_values({})
    names = [v.name for v in model.free_RVs]
    order = [v.name for v in model.value_vars]
    if order != names:
        raise RuntimeError(f"parameters come as {order}, not as {names}")
    return lambda log_parameters: function(np.asarray(log_parameters))


if __name__ == "__main__":
    measure.marginal("pymc_marginal_kron", build)
