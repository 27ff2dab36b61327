"""Our side of docs/python-from-pymc.md; peers/python/pymc_kron.py is the other."""

import numpy as np
from gridgp.distributions import KroneckerNormal
from gridgp.kernels import Cosine, Matern52, Periodic

# The grid of examples/kron2d: 50 x 30 points.
x1, x2 = np.linspace(0, 5, 50), np.linspace(0, 3, 30)

# KroneckerNormal.
k1 = Matern52(lengthscale=0.8).gram(x1)
k2 = Cosine(period=1.0).gram(x2)
y = np.sin(x1)[:, None] * np.cos(2 * np.pi * x2)[None, :]

field = KroneckerNormal(0.0, [k1, k2], noise_sd=0.5)
log_prob = float(field.logpdf(y))
draws = field.rvs(100, seed=1)

# Kernels with the conventions of PyMC.
exponential = 9.0 * Periodic(period=2.0, lengthscale=2 * 0.6)

assert draws.shape == (100, 50, 30)
if __name__ == "__main__":
    print(f"log density {log_prob:.9f}")
    print(f"log determinant {field.log_det:.9f}")
    print(f"periodic kernel {float(exponential(0.0, 0.3)):.9f}")
