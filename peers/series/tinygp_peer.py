"""tinygp's quasiseparable solver, jit."""

from series.series import measured

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

from tinygp import GaussianProcess, kernels  # noqa: E402


def build(model, times, y):
    times, y = jnp.asarray(times), jnp.asarray(y)

    def log_likelihood(theta):
        variance, rate, noise, *frequency = jnp.exp(theta)
        sigma = jnp.sqrt(variance)
        if model == "matern12":
            kernel = kernels.quasisep.Exp(scale=1.0 / rate, sigma=sigma)
        elif model == "matern32":
            kernel = kernels.quasisep.Matern32(scale=jnp.sqrt(3.0) / rate, sigma=sigma)
        else:
            kernel = kernels.quasisep.Celerite(a=variance, b=0.0, c=rate, d=frequency[0])
        return GaussianProcess(kernel, times, diag=noise, assume_sorted=True).log_probability(y)

    call = jax.jit(jax.value_and_grad(log_likelihood))
    return lambda theta: jax.block_until_ready(call(jnp.asarray(theta)))


if __name__ == "__main__":
    measured("tinygp", build)
