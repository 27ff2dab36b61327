"""New data for a fit."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import gridgp

MODEL = """
[data]
response = "y"
axes = ["t"]
[parameters]
s = "half_normal(1)"
[fields.f]
amplitude = "half_normal(1)"
t = "matern32(lengthscale ~ log_normal(1, 1))"
[likelihood]
family = "gaussian"
location = "f"
scale = "s"
"""


NOISE = np.random.default_rng(3).normal(size=60)


def wave(t: np.ndarray) -> xr.DataArray:
    y = np.sin(0.4 * t) + 0.3 * NOISE[t.astype(int)]
    return xr.DataArray(y, coords={"t": t}, dims="t", name="y")


def test_an_update_predicts_from_all_data() -> None:
    fit = gridgp.Model.from_toml(MODEL).fit(wave(np.arange(40.0)), progress=False)
    updated = fit.update(wave(np.arange(38.0, 46.0)))
    assert updated.details["updated"]["observations_added"] == 6
    assert updated.summary()["estimate"].equals(fit.summary()["estimate"])
    at_once = fit.update(wave(np.arange(46.0)))
    ahead = {"t": [46.0, 47.0, 50.0]}
    xr.testing.assert_allclose(updated.predict(ahead), at_once.predict(ahead), rtol=1e-12)
    before, after = fit.predict(t=[45.0]), updated.predict(t=[45.0])
    assert float(after["sd"][0]) < float(before["sd"][0])


def test_what_does_not_go_with_a_fit_is_an_error() -> None:
    fit = gridgp.Model.from_toml(MODEL).fit(wave(np.arange(40.0)), progress=False)
    with pytest.raises(ValueError, match="no observation of"):
        fit.update(wave(np.arange(40.0)))
    with pytest.raises(ValueError, match="40 values"):
        fit.update(wave(np.arange(45.0)) + 1.0)
    with pytest.warns(gridgp.FitWarning, match="not what the parameters let expect"):
        fit.update(wave(np.arange(40.0, 50.0)) + 30.0 * (np.arange(10) % 2))
