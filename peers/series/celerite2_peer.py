"""celerite2 through JAX; its Matern 3/2 is an approximation by a pair of terms."""

from series.series import measured

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

import celerite2.jax  # noqa: E402
from celerite2.jax import terms  # noqa: E402


def build(model, times, y):
    times, y = jnp.asarray(times), jnp.asarray(y)

    def log_likelihood(theta):
        variance, rate, noise, *frequency = jnp.exp(theta)
        if model == "matern12":
            kernel = terms.RealTerm(a=variance, c=rate)
        elif model == "matern32":
            kernel = terms.Matern32Term(sigma=jnp.sqrt(variance), rho=jnp.sqrt(3.0) / rate)
        else:
            kernel = terms.ComplexTerm(a=variance, b=0.0, c=rate, d=frequency[0])
        process = celerite2.jax.GaussianProcess(kernel)
        process.compute(times, diag=noise * jnp.ones_like(times), check_sorted=False)
        return process.log_likelihood(y)

    call = jax.jit(jax.value_and_grad(log_likelihood))
    return lambda theta: jax.block_until_ready(call(jnp.asarray(theta)))


if __name__ == "__main__":
    measured("celerite2", build)
