"""The side of PyMC in docs/python-from-pymc.md."""

import numpy as np
import pymc as pm

x1, x2 = np.linspace(0, 5, 50), np.linspace(0, 3, 30)

k1 = pm.gp.cov.Matern52(1, ls=0.8)(x1[:, None]).eval()
k2 = pm.gp.cov.Cosine(1, ls=1.0)(x2[:, None]).eval()
y = np.sin(x1)[:, None] * np.cos(2 * np.pi * x2)[None, :]

field = pm.KroneckerNormal.dist(mu=np.zeros(1500), covs=[k1, k2], sigma=0.5)
log_prob = pm.logp(field, y.reshape(-1)).eval()
draws = pm.draw(field, draws=100, random_seed=1)

exponential = 3.0**2 * pm.gp.cov.Periodic(1, period=2.0, ls=0.6)

if __name__ == "__main__":
    eigenvalues = np.kron(np.linalg.eigvalsh(k1), np.linalg.eigvalsh(k2))
    print(f"log density {log_prob:.9f}")
    print(f"log determinant {np.log(eigenvalues + 0.25).sum():.9f}")
    at = np.array([[0.0]]), np.array([[0.3]])
    print(f"periodic kernel {exponential(*at).eval()[0, 0]:.9f}")
