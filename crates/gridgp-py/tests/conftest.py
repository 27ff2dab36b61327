"""Data and fits that several tests use."""

from __future__ import annotations

import signal
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import gridgp

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"

# A shell starts what runs in its background with Ctrl-C ignored, and the programs of tests inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def sst() -> xr.DataArray:
    table = pd.read_csv(EXAMPLES / "elnino/elnino_sst.csv")
    return table.set_index(["year", "month"])["sst"].to_xarray()


@pytest.fixture(scope="session")
def elnino() -> gridgp.Model:
    return gridgp.Model.from_toml(EXAMPLES / "elnino/model.toml")


@pytest.fixture(scope="session")
def mode(elnino: gridgp.Model, sst: xr.DataArray) -> gridgp.Fit:
    return elnino.fit(sst, progress=False)


SMALL = """
[data]
response = "y"
axes = ["x", "t"]
covariates.w = { along = "t", center = true }

[parameters]
base = "normal(1, 1)"
slope = "normal(0, 1)"

[fields.f]
amplitude = "half_normal(1)"
x = "matern52(lengthscale ~ inverse_gamma(5, scale = 5))"
t = "matern32(lengthscale = 2)"

[likelihood]
family = "poisson"
rate = "exp(base + slope * w + f)"

[inference]
method = "nuts"
chains = 2
tune = 100
draws = 60
"""


@pytest.fixture(scope="session")
def counts() -> xr.Dataset:
    """Counts on 6 x 5 cells with a hole, and a covariate."""
    y = np.array([(c * 7 + c * c) % 6 for c in range(30)], dtype=float).reshape(6, 5)
    y[2, 3] = np.nan
    return xr.Dataset(
        {
            "y": (("x", "t"), y, {"units": "1"}),
            "w": ("t", [1.0, 2.0, 4.0, 8.0, 16.0], {"units": "K"}),
        },
        coords={"x": np.arange(6.0), "t": np.arange(5.0)},
    )


@pytest.fixture(scope="session")
def small() -> gridgp.Model:
    return gridgp.Model.from_toml(SMALL)


@pytest.fixture(scope="session")
def drawn(small: gridgp.Model, counts: xr.Dataset) -> gridgp.Fit:
    with warnings.catch_warnings():
        # So few draws are few, and a fit says so.
        warnings.simplefilter("ignore", gridgp.FitWarning)
        return small.fit(counts, seed=3, progress=False)
