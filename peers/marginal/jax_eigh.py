"""The log marginal likelihood in JAX (jit, 64 bit), differentiated through jnp.linalg.eigh.

This is how people write it in gaussx, tinygp or NumPyro style: the formula in the eigenbasis,
and `jax.value_and_grad` for the rest. Its gradient has 1 / (l_i - l_j) in it, and is wrong or
NaN where eigenvalues repeat.
"""

import measure  # first: sets the number of threads

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)


def matern52(r, lengthscale):
    u = jnp.sqrt(5.0) * r / lengthscale
    return (1.0 + u + u**2 / 3.0) * jnp.exp(-u)


def matern32(r, lengthscale):
    u = jnp.sqrt(3.0) * r / lengthscale
    return (1.0 + u) * jnp.exp(-u)


def squared_exponential(r, lengthscale):
    return jnp.exp(-0.5 * (r / lengthscale) ** 2)


def cosine(r, period):
    return jnp.cos(2.0 * jnp.pi * r / period)


KERNELS = {f.__name__: f for f in (matern52, matern32, squared_exponential, cosine)}


def log_marginal_likelihood(problem):
    """The function of the log parameters, not yet compiled."""
    y = jnp.asarray(problem.y)
    distances = [jnp.abs(jnp.subtract.outer(a.coordinates, a.coordinates)) for a in problem.axes]
    kernels = [KERNELS[a.kernel] for a in problem.axes]

    def value(log_parameters):
        *lengthscales, amplitude, noise = jnp.exp(log_parameters)
        d, rotated = amplitude**2, y
        for r, kernel, lengthscale in zip(distances, kernels, lengthscales):
            values, vectors = jnp.linalg.eigh(kernel(r, lengthscale))
            d = jnp.multiply.outer(d, jnp.maximum(values, 0.0))
            # Contracts the leading axis and puts the result last: all axes, once around.
            rotated = jnp.tensordot(rotated, vectors, axes=(0, 0))
        d = d + noise**2
        return -0.5 * (jnp.sum(rotated**2 / d) + jnp.sum(jnp.log(d)) + y.size * jnp.log(2.0 * jnp.pi))

    return value


def build(problem):
    compiled = jax.jit(jax.value_and_grad(log_marginal_likelihood(problem)))
    return lambda log_parameters: jax.block_until_ready(compiled(log_parameters))


if __name__ == "__main__":
    measure.marginal("jax_eigh", build)
