"""examples/spain in NumPyro, as people write it: variational inference, or NUTS.

    python -m svi.spain ../examples/spain/observations.csv svi 6000
    python -m svi.spain ../examples/spain/observations.csv nuts 1000 1500

`svi`: a mean-field normal guide, Adam at 3e-3, one particle, all steps in one compiled loop.
`cold_seconds` are those of the first fit, tracing and compiling included; `seconds` those of a second
one by the same compiled loop with another seed. 600 draws of the guide are part of neither.

`nuts`: two chains in parallel at target acceptance 0.9. `seconds` and `cold_seconds` are the same,
since NumPyro compiles while it runs.
"""

import measure  # first: sets the number of threads

import os
import sys
import time

# JAX counts the CPU as one device; for chains side by side it has to be two.
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from numpyro.infer import MCMC, NUTS, SVI, Trace_ELBO, init_to_median
from numpyro.infer.autoguide import AutoNormal

jax.config.update("jax_enable_x64", True)

TARGET, SEED, JITTER = 0.9, 1, 1e-8
SCALARS = ["mu0", "beta0", "sigma", "xi", "base_variance", "base_lengthscale"]
SCALARS += ["warming_variance", "warming_lengthscale"]


def read(file):
    """Distances of the stations, maxima by station and year, and the centered covariate."""
    table = np.genfromtxt(file, delimiter=",", names=True)
    years = np.unique(table["year"])
    y = table["tmax"].reshape(-1, years.size)
    places = np.column_stack([table["lon"], table["lat"]]).reshape(-1, years.size, 2)[:, 0]
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1)
    gmst = table["gmst"][: years.size]
    return distances, y, gmst - gmst.mean()


def field(name, distances, variance, lengthscale):
    """A centered Matern 3/2 field from whitened unknowns."""
    n = distances.shape[0]
    variance = numpyro.sample(f"{name}_variance", dist.LogNormal(jnp.log(variance), 0.5))
    scale = numpyro.sample(f"{name}_lengthscale", dist.LogNormal(jnp.log(lengthscale), 0.5))
    s = jnp.sqrt(3.0) * distances / scale
    correlation = (1 + s) * jnp.exp(-s) + JITTER * jnp.eye(n)
    z = numpyro.sample(f"{name}_z", dist.Normal(jnp.zeros(n), 1).to_event(1))
    f = jnp.sqrt(variance) * jnp.linalg.cholesky(correlation) @ z
    return f - f.mean()


def gev_log_prob(y, location, scale, shape):
    z = (y - location) / scale
    small = jnp.abs(shape) < 1e-6
    shape = jnp.where(small, 1e-6, shape)
    inside = 1 + shape * z
    u = jnp.log(jnp.where(inside > 0, inside, 1.0)) / shape
    value = -jnp.log(scale) - (1 + shape) * u - jnp.exp(-u)
    return jnp.where(inside > 0, value, -1e10)


def model(distances, y, gmst):
    mu0 = numpyro.sample("mu0", dist.Normal(35.67, 5))
    beta0 = numpyro.sample("beta0", dist.Normal(1, 0.5))
    sigma = numpyro.sample("sigma", dist.LogNormal(jnp.log(2), 0.4))
    xi = numpyro.sample("xi", dist.Normal(0.1, 0.1))
    base = field("base", distances, 2.0, 2.0)
    warming = field("warming", distances, 0.2, 3.0)
    location = (mu0 + base)[:, None] + (beta0 + warming)[:, None] * gmst[None]
    numpyro.factor("y", gev_log_prob(y, location, sigma, xi).sum())


def variational(data, steps):
    # From uniform draws the data are outside of the support, where there is no gradient.
    guide = AutoNormal(model, init_loc_fn=init_to_median)
    svi = SVI(model, guide, numpyro.optim.ClippedAdam(3e-3, clip_norm=10.0), Trace_ELBO())

    @jax.jit
    def fit(seed):
        state = svi.init(jax.random.PRNGKey(seed), *data)
        body = lambda state, _: svi.update(state, *data)
        state, losses = jax.lax.scan(body, state, None, length=steps)
        return svi.get_params(state), losses

    times = []
    for seed in (SEED, SEED + 1):
        started = time.perf_counter()
        parameters, losses = jax.block_until_ready(fit(seed))
        times.append(time.perf_counter() - started)
    draws = guide.sample_posterior(jax.random.PRNGKey(SEED), parameters, sample_shape=(600,))
    measure.report(
        "svi_numpyro",
        steps=steps,
        cold_seconds=times[0],
        seconds=times[1],
        negative_elbo=float(jnp.mean(losses[-500:])),
        means={name: float(jnp.mean(draws[name])) for name in SCALARS},
    )


def sampled(data, tune, draws):
    import arviz as az

    kernel = NUTS(model, target_accept_prob=TARGET, init_strategy=init_to_median)
    mcmc = MCMC(
        kernel,
        num_warmup=tune,
        num_samples=draws,
        num_chains=2,
        chain_method="parallel",
        progress_bar=False,
    )
    started = time.perf_counter()
    mcmc.run(jax.random.PRNGKey(SEED), *data)
    found = jax.block_until_ready(mcmc.get_samples(group_by_chain=True))
    seconds = time.perf_counter() - started
    ess = {name: float(az.ess(np.asarray(found[name]))) for name in SCALARS}
    measure.report(
        "nuts_numpyro",
        tune=tune,
        draws=draws,
        seconds=seconds,
        cold_seconds=seconds,
        min_ess_bulk=min(ess.values()),
        ess_bulk=ess,
        means={name: float(np.mean(found[name])) for name in SCALARS},
        divergences=int(mcmc.get_extra_fields()["diverging"].sum()),
    )


def main():
    file, method, *counts = sys.argv[1:]
    data = read(file)
    if method == "svi":
        variational(data, int(counts[0]))
    else:
        sampled(data, int(counts[0]), int(counts[1]))


if __name__ == "__main__":
    main()
