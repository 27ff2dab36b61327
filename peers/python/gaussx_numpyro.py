"""The side of gaussx and NumPyro in docs/python-from-gaussx-numpyro.md."""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)


# Kernels, written by hand as NumPyro's examples do.
def matern32(x, y, lengthscale):
    r2 = jnp.sum((x[:, None, :] - y[None, :, :]) ** 2, axis=-1)
    # The square root has no derivative at 0.
    r = jnp.sqrt(jnp.where(r2 > 0, r2, 1.0)) * (r2 > 0)
    s = jnp.sqrt(3.0) * r / lengthscale
    return (1 + s) * jnp.exp(-s)


time = jnp.arange(40.0)[:, None]
space = jnp.array([[0.0, 0.0], [1.0, 0.5], [2.5, 1.0], [0.3, 3.0]])
k_space = matern32(space, space, 2.0)
k_time = matern32(time, time, 5.0)
v = jnp.sin(jnp.arange(160.0))


def log_density(lengthscale):
    """log N(v; 0, K ⊗ K + 0.09 I), through the eigendecompositions."""
    l1, q1 = jnp.linalg.eigh(k_space)
    l2, q2 = jnp.linalg.eigh(matern32(time, time, lengthscale))
    d = jnp.outer(l1, l2) + 0.3**2
    rotated = q1.T @ v.reshape(4, 40) @ q2
    return -0.5 * jnp.sum(rotated**2 / d + jnp.log(d) + jnp.log(2 * jnp.pi))


def gev_log_prob(y, location, scale, shape):
    z = (y - location) / scale
    t = 1 + shape * z
    return -jnp.log(scale) - (1 + 1 / shape) * jnp.log(t) - t ** (-1 / shape)


if __name__ == "__main__":
    value, slope = jax.value_and_grad(log_density)(5.0)
    maxima = jnp.array([33.1, 35.9, 34.2, 38.4])
    log_det = 40 * jnp.linalg.slogdet(k_space)[1] + 4 * jnp.linalg.slogdet(k_time)[1]
    print(f"log det {log_det:.9f}")
    print(f"log density {value:.9f}, its slope in the lengthscale {slope:.9f}")
    print(f"log density of the GEV {gev_log_prob(maxima, 34.5, 1.8, 0.1).sum():.9f}")
