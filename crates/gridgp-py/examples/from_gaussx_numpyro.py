"""Our side of docs/python-from-gaussx-numpyro.md; peers/python/gaussx_numpyro.py is the other."""

import numpy as np
from gridgp.distributions import GEV, KroneckerNormal
from gridgp.kernels import Matern32
from gridgp.operators import Kronecker, LowRankUpdate, SumKronecker, Toeplitz

# Operators.
time = np.arange(40.0)
space = np.array([[0.0, 0.0], [1.0, 0.5], [2.5, 1.0], [0.3, 3.0]])
k_space = Matern32(lengthscale=2.0).gram(space)
k_time = Matern32(lengthscale=5.0).gram(time)
v = np.sin(np.arange(160.0))

k = Kronecker([k_space, k_time])
x = k.solve(v)
log_det = k.log_det()
chol = k.cholesky()
product = k @ v

# Two terms: a field, and noise that varies along both axes.
d_space, d_time = np.diag([0.1, 0.2, 0.1, 0.4]), np.diag(0.5 + 0.01 * time)
total = SumKronecker([[k_space, k_time], [d_space, d_time]])
y = total.solve(v)

# A linear trend on top of a Toeplitz covariance.
trend = np.stack([np.ones(40), time / 40], axis=1)
update = LowRankUpdate(Toeplitz(k_time[0]), trend, 4.0 * np.eye(2))
z = update.solve(v[:40])

# A distribution.
normal = KroneckerNormal(0.0, [k_space, k_time], noise_sd=0.3)
log_prob = normal.logpdf(v)
draws = normal.rvs(1000, seed=0)

# The derivative with respect to a lengthscale: the pullbacks, one after the other.
kernel = Matern32(lengthscale=5.0)
slope = kernel.gram_vjp(time, normal.gradient(v).factors[1])["lengthscale"][0]

# The GEV. Its shape has the sign of NumPyro models that people write: positive is heavy.
maxima = np.array([33.1, 35.9, 34.2, 38.4])
log_prob_gev = GEV(location=34.5, scale=1.8, shape=0.1).logpdf(maxima).sum()

dense = np.kron(k_space, k_time)
np.testing.assert_allclose(dense @ x, v, atol=1e-9)
np.testing.assert_allclose(log_det, np.linalg.slogdet(dense)[1], rtol=1e-10)
np.testing.assert_allclose(chol @ (chol.T @ v), product, atol=1e-10)
np.testing.assert_allclose((dense + np.kron(d_space, d_time)) @ y, v, atol=1e-10)
np.testing.assert_allclose((k_time + 4 * trend @ trend.T) @ z, v[:40], atol=1e-9)
if __name__ == "__main__":
    print(f"log det {log_det:.9f}")
    print(f"log density {float(log_prob):.9f}, its slope in the lengthscale {slope:.9f}")
    print(f"log density of the GEV {log_prob_gev:.9f}")
