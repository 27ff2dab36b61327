"""The side of GPyTorch in docs/python-from-gpytorch.md."""

import gpytorch
import numpy as np
import torch

torch.set_default_dtype(torch.float64)

year, month = torch.arange(20.0), torch.arange(12.0)
y = np.sin(year.numpy() / 4)[:, None] * np.cos(2 * np.pi * month.numpy() / 12)[None, :]
y = torch.as_tensor(y + 0.3 * np.random.default_rng(1).normal(size=(20, 12)))
x = torch.cartesian_prod(year, month)

k_year = gpytorch.kernels.MaternKernel(nu=2.5, active_dims=[0])
k_year.lengthscale = 3.0
k_month = gpytorch.kernels.PeriodicKernel(active_dims=[1])
k_month.period_length = 12.0
k_month.lengthscale = 1.5


class Grid(gpytorch.models.ExactGP):
    def __init__(self, likelihood):
        super().__init__(x, y.reshape(-1), likelihood)
        self.mean_module = gpytorch.means.ZeroMean()
        self.covar_module = k_year * k_month

    def forward(self, x):
        return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))


likelihood = gpytorch.likelihoods.GaussianLikelihood()
likelihood.noise = 0.3**2
model = Grid(likelihood)
mll = gpytorch.mlls.ExactMarginalLogLikelihood(likelihood, model)

if __name__ == "__main__":
    model.train()
    # Divided by the number of points, and by Cholesky: 240 points are few.
    with torch.no_grad(), gpytorch.settings.fast_computations(log_prob=False):
        log_prob = 240 * mll(model(x), y.reshape(-1))
    print(f"log marginal likelihood {log_prob:.9f}")
