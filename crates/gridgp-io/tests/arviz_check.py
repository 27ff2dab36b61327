"""Opens a file of draws with ArviZ and compares with what gridgp says of it.

`cargo xtask arviz` runs it: arviz_check.py DRAWS.nc SAID.json TRACE.png WRITTEN.nc, of which it writes
the last two.
"""

import json
import logging
import math
import sys
import warnings

import matplotlib

matplotlib.use("Agg")
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)

import arviz as az
import arviz_stats
import numpy as np
import xarray as xr

file, said, picture, written = sys.argv[1:]
with open(said) as text:
    said = json.load(text)


def same(what, found, expected, rtol=1e-9):
    found = np.ravel(np.asarray(found, dtype=float))
    # A NaN is null in JSON.
    expected = np.ravel([math.nan if x is None else x for x in np.ravel(expected)])
    np.testing.assert_allclose(
        expected, found, rtol=rtol, atol=1e-14, err_msg=f"{what}: gridgp (ACTUAL), ArviZ (DESIRED)"
    )


def layout(posterior, stats, observed, constant):
    assert list(posterior.coords["station"].values) == ["Évora", "Porto", "A Coruña"]
    assert list(posterior.coords["level"].values) == [2.0, 10.0]
    assert posterior["base"].dims == ("chain", "draw", "station")
    assert posterior["field"].dims == ("chain", "draw", "time", "level")
    assert str(posterior["time"].values[1]) == "2000-01-02T00:00:00.000000000"
    assert posterior["base"].attrs["units"] == "K"
    assert posterior.attrs["inference_library"] == "gridgp"
    assert stats["diverging"].dtype == bool and int(stats["diverging"].sum()) == 21
    assert set(observed.coords) == {"station", "lon", "lat", "time", "height"}
    assert list(observed.data_vars) == ["y"] and list(constant.data_vars) == ["gmst"]
    assert observed["y"].attrs["long_name"] == "temperature"


def scalars(posterior, ess, rhat, mcse, hdi=None, leave_out=()):
    """Functions give a variable a scalar; the tails are those of 5 % and 95 %."""
    tail = {"method": "tail", "prob": (0.05, 0.95)}
    quantile = {"method": "quantile", "prob": 0.1}
    every = {
        "mean": posterior.mean(("chain", "draw")),
        "sd": posterior.std(("chain", "draw"), ddof=1),
        "median": posterior.median(("chain", "draw")),
        "q5": posterior.quantile(0.05, ("chain", "draw")),
        "q95": posterior.quantile(0.95, ("chain", "draw")),
        "ess_bulk": ess(posterior, method="bulk"),
        "ess_tail": ess(posterior, **tail),
        "ess_mean": ess(posterior, method="mean"),
        "ess_sd": ess(posterior, method="sd"),
        "r_hat": rhat(posterior),
        "mcse_mean": mcse(posterior, method="mean"),
        "mcse_sd": mcse(posterior, method="sd"),
        "mcse_quantile": mcse(posterior, **quantile),
    }
    for name, expected in said["scalars"].items():
        for key, found in every.items():
            # The error of the standard deviation of a constant is 0/0, or rounding over rounding.
            if key in leave_out or (name, key) == ("known", "mcse_sd"):
                continue
            same(f"{key} of {name}", found[name], [s[key] for s in expected])
        if hdi is not None:
            same(f"hdi of {name}", hdi(posterior, hdi_prob=0.94)[name], [s["hdi"] for s in expected])


def summary(table):
    rows = [len(s) for s in said["scalars"].values()]
    assert len(table) == sum(rows), table
    assert "base[Porto]" in table.index, table
    same("mean in the summary", table.loc["base[Porto]", "mean"], said["scalars"]["base"][1]["mean"])


# ArviZ by its ordinary function.
data = az.from_netcdf(file)
groups = ["posterior", "unconstrained_posterior", "prior", "sample_stats", "log_likelihood"]
groups += ["posterior_predictive", "observed_data", "constant_data"]
assert sorted(data.groups()) == sorted(groups), data.groups()
layout(data.posterior, data.sample_stats, data.observed_data, data.constant_data)
scalars(data.posterior, az.ess, az.rhat, az.mcse, az.hdi)
summary(az.summary(data, round_to="none"))
same("bfmi", az.bfmi(data), said["bfmi"])
loo = az.loo(data, pointwise=True)
same("elpd, se, p of LOO", [loo.elpd_loo, loo.se, loo.p_loo], [said["loo"][k] for k in ("elpd", "se", "p")])
same("LOO of the cells", loo.loo_i.values, said["loo"]["pointwise"])
same("shapes", loo.pareto_k.values, said["loo"]["k"])
same("the good shape", loo.good_k, said["loo"]["good_k"])
waic = az.waic(data)
same("WAIC", [waic.elpd_waic, waic.se, waic.p_waic], [said["waic"][k] for k in ("elpd", "se", "p")])
axes = az.plot_trace(data)
axes.ravel()[0].figure.savefig(picture)
# Where there are divergences they are marked, which takes flags and not integers.
az.plot_pair(data, var_names=["slope", "drift"], divergences=True)
az.plot_ppc(data, num_pp_samples=10)
data.to_netcdf(written)

# The layout of ArviZ 1, a tree of datasets, and the parts that it is made of.
for engine in ("netcdf4", "h5netcdf"):
    tree = xr.open_datatree(file, engine=engine)
    datasets = {name: tree[name].to_dataset() for name in groups}
    layout(*[datasets[n] for n in ("posterior", "sample_stats", "observed_data", "constant_data")])
# Its mcse_sd takes the sample size of the mean and not that of the squares: half of what repeated
# runs show for antithetic chains (the Rust tests repeat them).
functions = (arviz_stats.ess, arviz_stats.rhat, arviz_stats.mcse)
scalars(datasets["posterior"], *functions, leave_out=["mcse_sd"])
summary(arviz_stats.summary(tree, round_to="none"))
# It cuts the tail elsewhere, which moves elpd by a small part of its standard error.
loo = arviz_stats.loo(tree, pointwise=True)
assert abs(loo.elpd - said["loo"]["elpd"]) < 0.01 * said["loo"]["se"], loo

count = sum(len(s) for s in said["scalars"].values())
print(
    f"ArviZ {az.__version__} and arviz_stats {arviz_stats.__version__} open the file; "
    f"{count} scalars, LOO of {len(said['loo']['k'])} cells and WAIC agree"
)
