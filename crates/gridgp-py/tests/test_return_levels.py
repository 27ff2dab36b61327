"""Return levels of a fit."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr
from scipy.stats import genextreme

import gridgp as gp
from gridgp.likelihoods import GEV
from gridgp.priors import HalfNormal, Normal


@pytest.fixture(scope="module")
def fit() -> gp.Fit:
    rng = np.random.default_rng(1)
    years = np.arange(1980.0, 2020.0)
    gmst = (years - 2000) / 50
    y = genextreme.rvs(-0.1, 35 + gmst, 2.0, size=(3, 40), random_state=rng)
    data = xr.Dataset(
        {"tmax": (("station", "year"), y, {"units": "degC"}), "gmst": ("year", gmst)},
        coords={"station": ["a", "b", "c"], "year": years},
    )
    mu, slope = gp.Intercept(Normal(35, 5), name="mu"), gp.Parameter("slope", Normal(0, 1))
    scale, shape = gp.Parameter("sigma", HalfNormal(3)), gp.Parameter("xi", Normal(0.1, 0.1))
    site = gp.Field("site", station="white()", amplitude=0.5)
    model = gp.Model(
        GEV(mu + site + slope * gp.Covariate("gmst", along="year"), scale, shape),
        response="tmax", axes=["station", "year"],
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        return model.fit(data, method="laplace", seed=2, progress=False)


def test_levels_are_those_of_the_draws(fit: gp.Fit) -> None:
    levels = fit.return_levels([10, 100], exceed=40.0, quantiles=[0.5])
    assert levels["level"].dims == ("period", "station", "year")
    assert levels["level"].attrs["units"] == "degC"
    # By hand from the draws, with SciPy.
    d = fit.draws
    location = d["mu"] + d["site"].isel(station=0) + d["slope"] * ((1980 - 2000) / 50)
    by_hand = genextreme.isf(1 / 100, -d["xi"], location, d["sigma"])
    found = levels.sel(period=100, station="a", year=1980)
    np.testing.assert_allclose(float(found["level"]), by_hand.mean())
    np.testing.assert_allclose(float(found["level_sd"]), by_hand.std(ddof=1))
    np.testing.assert_allclose(
        float(found["level_quantiles"].item()), np.median(by_hand), rtol=1e-6
    )
    risk = genextreme.sf(40.0, -d["xi"], location, d["sigma"]).mean()
    np.testing.assert_allclose(float(found["exceedance"].item()), risk)


def test_scenarios(fit: gp.Fit) -> None:
    levels = fit.return_levels(
        [50], scenarios={"now": {"gmst": 0.4}, "later": {"gmst": 1.4}}, year=[2020.0]
    )
    assert levels["level"].dims == ("scenario", "period", "station", "year")
    change = levels["change_of_level"].sel(change="later").squeeze()
    slope = float(fit.draws["slope"].mean())
    np.testing.assert_allclose(change, slope, rtol=1e-9)
    with pytest.raises(KeyError, match="did you mean 'gmst'"):
        fit.return_levels(scenarios={"now": {"gmts": 1.0}})
    with pytest.raises(ValueError, match="above 1"):
        fit.return_levels(0.5)


def test_results_leave_names_to_the_data() -> None:
    """A dimension ``period`` of the data and that of the levels are two."""
    y = genextreme.rvs(-0.1, 35, 2.0, size=(2, 15), random_state=np.random.default_rng(3))
    data = xr.DataArray(y, dims=["quantile", "period"], name="tmax").assign_coords(
        quantile=[1.0, 2.0], period=np.arange(15.0)
    )
    mu = gp.Intercept(Normal(35, 5), name="mu")
    model = gp.Model(GEV(mu + gp.Field("site", quantile="white()"), 2.0, 0.1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        fit = model.fit(data, method="laplace", draws=50, progress=False)
    levels = fit.return_levels([10, 100], quantiles=[0.5])
    assert levels["level"].dims == ("output_period", "quantile", "period")
    both = ("output_period", "output_quantile", "quantile", "period")
    assert levels["level_quantiles"].dims == both
    predicted = fit.predict(quantiles=[0.1, 0.9], draws=2)
    assert predicted["quantiles"].dims == ("output_quantile", "quantile", "period")
    np.testing.assert_array_equal(predicted["quantile"], [1.0, 2.0])
    np.testing.assert_array_equal(predicted["output_quantile"], [0.1, 0.9])
    with pytest.raises(ValueError, match='an axis cannot be called "draw"'):
        gp.Model(GEV(mu, 2.0, 0.1)).fit(data.rename(quantile="draw"), progress=False)
