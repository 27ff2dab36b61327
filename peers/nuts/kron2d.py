"""The 50 x 30 example with the latent priors, sampled as people of PyMC do it.

    python -m nuts.kron2d observations.csv latent nutpie 1000 1000

Then: `latent` (LatentKron, all of the field is sampled) or `marginal` (MarginalKron), `nutpie` or
`numpyro`, tuning draws, draws. Two chains, at target acceptance 0.9, as gridgp's model files have it.
`seconds` are those of sampling with its tuning, `cold_seconds` have the compilation on top.
"""

import measure  # first: sets the number of threads

import os
import sys
import tempfile
import time
import warnings

warnings.simplefilter("ignore")
# A compile directory of this run's own: no compiled code of an earlier run is found there.
os.environ["PYTENSOR_FLAGS"] = f"base_compiledir={tempfile.mkdtemp()}"
# JAX counts the CPU as one device; for chains side by side it has to be two.
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"

import arviz as az
import numpy as np
import pymc as pm

CHAINS, TARGET, SEED = 2, 0.9, 1
NAMES = ["ls1", "ls2", "eta", "sigma"]


def model(table, route):
    x1, x2 = np.unique(table[:, 0]), np.unique(table[:, 1])
    with pm.Model() as built:
        ls1 = pm.TruncatedNormal("ls1", mu=1, sigma=0.5, lower=0.5, upper=1.5)
        ls2 = pm.TruncatedNormal("ls2", mu=1, sigma=0.5, lower=0.5, upper=1.5)
        eta = pm.HalfNormal("eta", sigma=0.5)
        sigma = pm.HalfNormal("sigma", sigma=0.5)
        covariances = [pm.gp.cov.Matern52(1, ls=ls1), eta**2 * pm.gp.cov.Cosine(1, ls=ls2)]
        axes = [x1[:, None], x2[:, None]]
        if route == "latent":
            f = pm.gp.LatentKron(cov_funcs=covariances).prior("f", Xs=axes)
            pm.Normal("y", mu=f, sigma=sigma, observed=table[:, 3])
        else:
            process = pm.gp.MarginalKron(cov_funcs=covariances)
            process.marginal_likelihood("y", Xs=axes, y=table[:, 3], sigma=sigma)
    return built


def sampled(built, sampler, tune, draws):
    """Draws of the four parameters, and the seconds of sampling alone."""
    common = dict(draws=draws, tune=tune, chains=CHAINS)
    if sampler == "nutpie":
        import nutpie

        compiled = nutpie.compile_pymc_model(built)
        started = time.perf_counter()
        found = nutpie.sample(
            compiled, cores=CHAINS, seed=SEED, target_accept=TARGET, progress_bar=False, **common
        )
        return found, time.perf_counter() - started
    with built:
        found = pm.sample(
            nuts_sampler="numpyro",
            random_seed=SEED,
            target_accept=TARGET,
            progressbar=False,
            compute_convergence_checks=False,
            nuts_sampler_kwargs={"chain_method": "parallel"},
            **common,
        )
    # It compiles while it samples.
    return found, found.posterior.attrs.get("sampling_time")


def main():
    file, route, sampler, tune, draws = sys.argv[1:]
    table = np.loadtxt(file, delimiter=",", skiprows=1)
    started = time.perf_counter()
    found, seconds = sampled(model(table, route), sampler, int(tune), int(draws))
    cold = time.perf_counter() - started
    posterior = found.posterior
    ess = {name: float(az.ess(posterior, var_names=[name])[name]) for name in NAMES}
    measure.report(
        f"pymc_{route}_{sampler}",
        tune=int(tune),
        draws=int(draws),
        seconds=seconds or cold,
        cold_seconds=cold,
        min_ess_bulk=min(ess.values()),
        ess_bulk=ess,
        means={name: float(posterior[name].mean()) for name in NAMES},
        divergences=int(found.sample_stats["diverging"].sum()),
    )


if __name__ == "__main__":
    main()
