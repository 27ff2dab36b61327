"""An example as a new user would do it, with the released xarray, ArviZ and matplotlib."""

from __future__ import annotations

import warnings
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import gridgp

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def test_five_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES / "elnino")
    table = pd.read_csv("elnino_sst.csv").set_index(["year", "month"])
    model = gridgp.Model.from_toml("model.toml")
    fit = model.fit(table["sst"].to_xarray(), progress=False)
    predicted = fit.predict(year=np.arange(1983, 2011, 13.5), quantiles=[0.05, 0.95])
    lines = predicted["mean"].plot()

    assert lines is not None
    assert dict(predicted.sizes) == {"year": 3, "month": 12, "quantile": 2}
    # The values of examples/elnino/expect.json.
    estimate = fit.summary()["estimate"]
    assert estimate["mean"] == pytest.approx(23.159793715426815, rel=1e-4)
    assert estimate["smoothness"] == pytest.approx(4.36779023524714, rel=1e-4)
    assert fit.details["log_posterior"] == pytest.approx(-510.1315736902127, abs=1e-6)
    inside = predicted["quantiles"]
    assert bool((inside.sel(quantile=0.05) < predicted["mean"]).all())


def test_arviz_summarizes_and_plots(drawn: gridgp.Fit) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import arviz as az

        made = drawn.to_arviz()
        table = az.summary(made, var_names=["base", "slope"])
        az.plot_trace(made, var_names=["base", "f.amplitude"])
    own = drawn.summary()
    for name in ("base", "slope"):
        assert float(table.loc[name, "mean"]) == pytest.approx(own.loc[name, "mean"], abs=2e-3)
        assert float(table.loc[name, "ess_bulk"]) == pytest.approx(own.loc[name, "ess_bulk"], abs=1)
        assert float(table.loc[name, "r_hat"]) == pytest.approx(own.loc[name, "r_hat"], abs=0.02)


def test_a_tree_holds_all_groups(drawn: gridgp.Fit, tmp_path: Path) -> None:
    tree = drawn.to_datatree()
    assert isinstance(tree, xr.DataTree)
    assert {"posterior", "sample_stats", "log_likelihood", "posterior_predictive"} <= set(tree)
    assert tree["posterior"]["f"].dims == ("chain", "draw", "x", "t")
    assert tree["sample_stats"]["diverging"].dtype == bool
    # What xarray reads from the file is the same.
    drawn.save(tmp_path / "fit.nc")
    with xr.open_datatree(tmp_path / "fit.nc", engine="h5netcdf") as read:
        for name in tree:
            xr.testing.assert_equal(tree[name].to_dataset(), read[name].to_dataset())
