"""Our side of docs/python-from-gpytorch.md; peers/python/gpytorch_grid.py is the other."""

import numpy as np
from gridgp.distributions import KroneckerNormal
from gridgp.kernels import Matern52, Periodic, SquaredExponential
from gridgp.operators import Kronecker, KroneckerIdentity
from scipy.optimize import minimize

# A smooth year and a season on 20 x 12 points, with noise of standard deviation 0.3.
year, month = np.arange(20.0), np.arange(12.0)
y = np.sin(year / 4)[:, None] * np.cos(2 * np.pi * month / 12)[None, :]
y = y + 0.3 * np.random.default_rng(1).normal(size=(20, 12))

# Kernels.
k_year = Matern52(lengthscale=3.0)
k_month = Periodic(period=12.0, lengthscale=np.sqrt(1.5))

# Operators.
a, b = k_year.gram(year), k_month.gram(month)
k = Kronecker([a, b])
noisy = KroneckerIdentity([a, b], noise=0.3**2)
alpha = noisy.solve(y.reshape(-1))
log_det = noisy.log_det()

# The marginal likelihood of all 240 points: a sum, where GPyTorch divides by their number.
marginal = KroneckerNormal(0.0, [a, b], noise_sd=0.3)
log_prob = float(marginal.logpdf(y))


# Its maximum by your own optimizer: the gradient goes back through the kernels.
def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
    length, smoothness, noise_sd = np.exp(x)
    years = SquaredExponential(lengthscale=length)
    months = Periodic(period=12.0, lengthscale=smoothness)
    normal = KroneckerNormal(0.0, [years.gram(year), months.gram(month)], noise_sd=noise_sd)
    bar = normal.gradient(y)
    slopes = [
        years.gram_vjp(year, bar.factors[0])["lengthscale"][0],
        months.gram_vjp(month, bar.factors[1])["lengthscale"][0],
        bar.noise_sd,
    ]
    return -float(normal.logpdf(y)), -np.array(slopes) * np.exp(x)


found = minimize(loss, np.log([3.0, 1.0, 1.0]), jac=True)

dense = np.kron(a, b) + 0.09 * np.eye(240)
np.testing.assert_allclose(dense @ alpha, y.reshape(-1), atol=1e-9)
np.testing.assert_allclose(log_det, np.linalg.slogdet(dense)[1], rtol=1e-10)
assert np.abs(found.jac).max() < 1e-2
if __name__ == "__main__":
    print(f"log marginal likelihood {log_prob:.9f}")
    print(f"maximum {-found.fun:.4f} at {np.exp(found.x).round(3)}")
