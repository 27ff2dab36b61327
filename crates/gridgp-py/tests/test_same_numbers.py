"""The same seed gives the same numbers through the command line and Python, to the last digit."""

from __future__ import annotations

import os
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import gridgp

from conftest import SMALL

GRIDGP = os.environ.get("GRIDGP_BIN")
pytestmark = pytest.mark.skipif(
    GRIDGP is None, reason="GRIDGP_BIN names no program; `cargo xtask python` sets it"
)


def run(folder: Path, *arguments: str) -> None:
    assert GRIDGP is not None
    subprocess.run([GRIDGP, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("method", ["nuts", "svi", "laplace", "pathfinder"])
def test_draws(method: str, counts: xr.Dataset, tmp_path: Path) -> None:
    text = SMALL.replace('"nuts"', f'"{method}"')
    (tmp_path / "m.toml").write_text(text)
    counts.to_netcdf(tmp_path / "data.nc")
    run(tmp_path, "fit", "m.toml", "--data", "data.nc", "-o", "fit.nc", "--seed", "5")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gridgp.FitWarning)
        fit = gridgp.Model.from_toml(tmp_path / "m.toml").fit(counts, seed=5, progress=False)
    of_program = gridgp.load(tmp_path / "fit.nc")
    ours, theirs = fit.to_datatree(), of_program.to_datatree()
    assert set(ours) == set(theirs)
    for group in ours:
        xr.testing.assert_identical(ours[group].to_dataset(), theirs[group].to_dataset())
    drop = ("seconds", "peak_memory_bytes")
    assert {k: v for k, v in fit.details.items() if k not in drop} == {
        k: v for k, v in of_program.details.items() if k not in drop
    }
    assert fit.model.to_toml() == of_program.model.to_toml()

    run(tmp_path, "predict", "fit.nc", "-o", "p.nc", "--quantiles", "0.1,0.9", "--draws", "7")
    with xr.open_dataset(tmp_path / "p.nc") as theirs_predicted:
        ours_predicted = fit.predict(quantiles=[0.1, 0.9], draws=7)
        xr.testing.assert_equal(ours_predicted, theirs_predicted)


def test_the_mode(mode: gridgp.Fit, tmp_path: Path) -> None:
    folder = Path(__file__).resolve().parents[3] / "examples/elnino"
    fit_file = tmp_path / "fit.nc"
    run(folder, "fit", "model.toml", "-o", str(fit_file))
    of_program = gridgp.load(fit_file)
    for name, estimate in of_program.summary()["estimate"].items():
        assert estimate == mode.summary()["estimate"][name], name
    run(tmp_path, "predict", "fit.nc", "-o", "p.nc", "--at", "year=1983:2011:3", "--draws", "4")
    with xr.open_dataset(tmp_path / "p.nc") as theirs:
        xr.testing.assert_equal(mode.predict(year=[1983, 1997, 2011], draws=4), theirs)


def test_times_are_those_of_the_file(tmp_path: Path) -> None:
    time = np.array("2019-03-01", "datetime64[h]") + 6 * np.arange(12)
    y = np.sin(np.arange(12.0)) + 0.1 * np.cos(7 * np.arange(12.0))
    data = xr.Dataset({"y": ("time", y)}, coords={"time": time.astype("datetime64[ns]")})
    data["time"].encoding = {"units": "hours since 1900-01-01", "dtype": "float64"}
    data.to_netcdf(tmp_path / "data.nc")
    text = (
        "[data]\nresponse = 'y'\naxes.time = { units = 'days' }\n[fields.f]\ntime = 'matern32()'\n"
        "[likelihood]\nfamily = 'gaussian'\nlocation = 'f'\n"
    )
    (tmp_path / "m.toml").write_text(text)
    run(tmp_path, "fit", "m.toml", "--data", "data.nc", "-o", "fit.nc")
    with xr.open_dataset(tmp_path / "data.nc") as read, warnings.catch_warnings():
        warnings.simplefilter("ignore", gridgp.FitWarning)
        fit = gridgp.Model.from_toml(tmp_path / "m.toml").fit(read["y"], progress=False)
    theirs = gridgp.load(tmp_path / "fit.nc")
    assert list(fit.summary()["estimate"]) == list(theirs.summary()["estimate"])
    assert fit.predict()["time"].values[1] == np.datetime64("2019-03-01T06")
