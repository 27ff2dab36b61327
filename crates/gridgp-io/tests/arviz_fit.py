"""Opens a fit file of `gridgp fit` with ArviZ and compares with its summary.

`cargo xtask arviz` runs it: arviz_fit.py FIT.nc SUMMARY.json TRACE.png, of which it writes the last.
The fit is that of examples/kron2d/latent_joint.toml with fewer draws.
"""

import json
import logging
import sys
import warnings

import matplotlib

matplotlib.use("Agg")
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)

import arviz as az
import numpy as np

file, said, picture = sys.argv[1:]
with open(said) as text:
    said = json.load(text)

data = az.from_netcdf(file)
posterior = data.posterior
chains, draws = said["chains"], said["draws"]

# The field is a grid with its coordinates, and not a flat vector.
assert posterior["f"].dims == ("chain", "draw", "x1", "x2"), posterior["f"].dims
assert posterior["f"].shape == (chains, draws, 50, 30), posterior["f"].shape
np.testing.assert_allclose(posterior["x1"], np.linspace(0, 5, 50), atol=1e-9)
np.testing.assert_allclose(posterior["x2"], np.linspace(0, 3, 30), atol=1e-9)
assert data.observed_data["y"].dims == ("x1", "x2")
for group, name in [("log_likelihood", "y"), ("posterior_predictive", "y")]:
    assert data[group][name].dims == ("chain", "draw", "x1", "x2"), (group, data[group][name].dims)
assert data.sample_stats["diverging"].dtype == bool
assert int(data.sample_stats["diverging"].sum()) == said["divergences"]

# The table of the parameters.
names = list(said["parameters"])
assert names == ["ls1", "ls2", "eta", "sigma"], names
table = az.summary(data, var_names=names, round_to="none")
same = {"mean": "mean", "sd": "sd", "mcse_mean": "mcse_mean", "mcse_sd": "mcse_sd"}
same |= {"ess_bulk": "ess_bulk", "ess_tail": "ess_tail", "r_hat": "r_hat"}
for name in names:
    for theirs, ours in same.items():
        found, expected = table.loc[name, theirs], said["parameters"][name][ours]
        np.testing.assert_allclose(
            expected, found, rtol=1e-8, err_msg=f"{ours} of {name}: gridgp (ACTUAL), ArviZ (DESIRED)"
        )
assert len(az.summary(data, var_names=["f"], kind="stats")) == 1500

# Cross-validation. The two take the relative efficiency from the same scalars: parameters and field.
loo = az.loo(data, pointwise=True)
found = [loo.elpd_loo, loo.se, loo.p_loo]
expected = [said["loo"][key] for key in ("elpd", "se", "p")]
np.testing.assert_allclose(expected, found, rtol=1e-6, err_msg="LOO: gridgp (ACTUAL), ArviZ (DESIRED)")
assert int((loo.pareto_k > loo.good_k).sum()) == said["loo"]["bad_cells"]

axes = az.plot_trace(data, var_names=names)
axes.ravel()[0].figure.savefig(picture)
az.plot_ppc(data, num_pp_samples=5)

print(f"ArviZ {az.__version__} opens the fit of {chains} x {draws} draws; summary and LOO agree")
