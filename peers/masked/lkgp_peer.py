"""BoTorch's latent Kronecker GP, with its own defaults: python -m masked.lkgp_peer JSON.

`stage` is `evaluate` (value with gradient at the truth), `fit`, or `draw` (16 joint draws on the whole grid at
the truth).
"""

import json
import time

from measure import THREADS, description, peak_memory, report, warm

import numpy as np
import torch
from botorch.fit import fit_gpytorch_mll
from botorch.models.latent_kronecker_gp import LatentKroneckerGP
from gpytorch.mlls import ExactMarginalLogLikelihood

torch.set_num_threads(THREADS)
torch.manual_seed(0)


def grid(path):
    """The axes, and the response with NaN where it is missing."""
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    x, i = np.unique(table[:, 0], return_inverse=True)
    t, j = np.unique(table[:, 1], return_inverse=True)
    y = np.full((x.size, t.size), np.nan)
    y[i, j] = table[:, 2]
    return (torch.from_numpy(v) for v in (x[:, None], t[:, None], y))


class Problem:
    def __init__(self, table, standardized):
        self.x, self.t, y = grid(table)
        options = {} if standardized else {"outcome_transform": None}
        self.model = LatentKroneckerGP(self.x, self.t, y, **options)
        # What it divides by.
        self.unit = self.model.outcome_transform.stdvs.item() if standardized else 1.0
        self.mll = ExactMarginalLogLikelihood(self.model.likelihood, self.model)

    def set(self, theta):
        eta, lx, lt, noise = theta
        model = self.model
        model.covar_module_T.outputscale = (eta / self.unit) ** 2
        model.covar_module_T.base_kernel.lengthscale = lt
        model.covar_module_X.lengthscale = lx
        model.likelihood.noise = (noise / self.unit) ** 2

    def theta(self):
        model = self.model
        return [
            self.unit * model.covar_module_T.outputscale.sqrt().item(),
            model.covar_module_X.lengthscale.item(),
            model.covar_module_T.base_kernel.lengthscale.item(),
            self.unit * model.likelihood.noise.sqrt().item(),
        ]

    def value_and_gradient(self, theta):
        self.set(theta)
        model = self.model
        model.train()
        model.zero_grad()
        with model.use_iterative_methods():
            value = self.mll(model(*model.train_inputs), model.train_targets)
            value.backward()
        return model.train_targets.numel() * value.item()

    def fit(self):
        with self.model.use_iterative_methods():
            fit_gpytorch_mll(self.mll)

    def draw(self, count):
        self.model.eval()
        with self.model.use_iterative_methods(), torch.no_grad():
            return self.model.posterior(self.x, self.t).rsample(torch.Size([count]))


if __name__ == "__main__":
    described = json.loads(description())
    truth = np.array(described["truth"])
    # Without the mean that it subtracts, log p is that of the same model.
    problem = Problem(described["table"], standardized=described["stage"] != "evaluate")
    before = peak_memory()
    found = {}
    if described["stage"] == "evaluate":
        found["value"] = problem.value_and_gradient(truth)
        found["seconds"], _, _ = warm(
            lambda call: problem.value_and_gradient(truth * np.exp(1e-3 * np.sin(call + np.arange(4))))
        )
    else:
        started = time.perf_counter()
        if described["stage"] == "fit":
            problem.fit()
            found["theta"] = problem.theta()
        else:
            problem.set(truth)
            problem.draw(16)
        found["seconds"] = time.perf_counter() - started
    report("lkgp", data_memory_bytes=before, **found)
