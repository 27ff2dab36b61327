"""Names of stations come back; covariates at new places in every form."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import gridgp as gp
from gridgp.kernels import Matern32
from gridgp.likelihoods import Gaussian, Poisson
from gridgp.priors import Normal


@pytest.fixture(scope="module")
def stations() -> xr.DataArray:
    rng = np.random.default_rng(0)
    return xr.DataArray(
        rng.normal(size=(6, 5)),
        dims=["station", "year"],
        coords={
            "station": list("cabdef"),
            "lon": ("station", rng.uniform(-5, 5, 6), {"units": "degrees_east"}),
            "lat": ("station", rng.uniform(40, 50, 6)),
            "year": np.arange(5),
        },
        name="t",
    )


@pytest.fixture(scope="module")
def model() -> gp.Model:
    base = gp.Field("b", station=Matern32("lon", "lat"))
    trend = gp.Field("trend", year=Matern32())
    return gp.Model(
        Gaussian(gp.Intercept(Normal(0, 1)) + base + trend),
        axes=[gp.Axis("station", "lon", "lat"), "year"],
    )


@pytest.fixture(scope="module")
def one_field() -> gp.Model:
    field = gp.Field("f", station=Matern32("lon", "lat"), year=Matern32())
    return gp.Model(Gaussian(field), axes=[gp.Axis("station", "lon", "lat"), "year"])


def quiet(model: gp.Model, data: object, **settings: object) -> gp.Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        return model.fit(data, progress=False, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("ids", [list("cabdef"), [554, 545, 535, 579, 533, 502]])
def test_names_of_stations_come_back(
    model: gp.Model, stations: xr.DataArray, ids: list[object], tmp_path: Path
) -> None:
    y = stations.assign_coords(station=ids)
    fit = quiet(model, y, method="nuts", chains=1, tune=30, draws=20)
    fit.save(tmp_path / "fit.nc")
    for same in (fit, gp.load(tmp_path / "fit.nc"), pickle.loads(pickle.dumps(fit))):
        for found in (
            same.predict()["mean"],
            same.predict(year=[7, 8])["b"],
            same.predict(draws=2)["draws"],
            same.draws["b"],
            same.sample_posterior_predictive()["t"],
            same.sample_posterior_predictive(year=[9.0])["t"],
            same.log_likelihood(),
            same.to_datatree()["observed_data"]["t"],
        ):
            one = found.sel(station=ids[1])
            assert float(one["lon"]) == float(y["lon"][1])
            assert float(one["lat"]) == float(y["lat"][1])
            assert list(found["station"].values) == ids
        assert "lon" not in same.draws["trend"].coords


def test_new_stations_bring_their_own_names(
    one_field: gp.Model, stations: xr.DataArray
) -> None:
    fit = quiet(one_field, stations)
    new = xr.Dataset(
        coords={"station": ["x", "y"], "lon": ("station", [0.0, 1.0]), "lat": ("station", [41.0, 42.0])}
    )
    named = fit.predict(new)["mean"]
    assert list(named["station"].values) == ["x", "y"] and named.sizes["year"] == 5
    xr.testing.assert_equal(named, fit.predict(lon=new["lon"], lat=new["lat"])["mean"])
    plain = fit.predict(lon=[0.0, 1.0], lat=[41.0, 42.0])["mean"]
    assert "station" not in plain.coords
    np.testing.assert_array_equal(plain, named)
    layout = one_field.to_dict()
    layout["data"]["sel"] = {"station": ["a", "d"]}
    some = gp.Model.from_dict(layout)
    assert list(quiet(some, stations).predict()["station"].values) == ["a", "d"]


def test_names_that_cannot_be_kept_are_left_out(
    one_field: gp.Model, stations: xr.DataArray
) -> None:
    bare = stations.drop_vars("station")
    stacked = bare.assign_coords(
        xr.Coordinates.from_pandas_multiindex(
            pd.MultiIndex.from_arrays([stations["lon"].values, stations["lat"].values],
                                      names=["lon", "lat"]), "station"))  # fmt: skip
    for y in (bare, stacked):
        assert "station" not in quiet(one_field, y).predict().coords


@pytest.fixture(scope="module")
def hours() -> gp.Fit:
    rng = np.random.default_rng(0)
    t = np.arange(20.0)
    data = xr.Dataset(
        {"n": ("time", rng.poisson(3, 20)), "hours": ("time", np.full(20, 2.0))}, {"time": t}
    )
    rate = gp.Covariate("hours") * gp.exp(gp.Intercept() + gp.Field("f", time=Matern32()))
    return quiet(gp.Model(Poisson(rate), response="n"), data, method="laplace")


def test_a_covariate_at_new_points_in_every_form(hours: gp.Fit) -> None:
    at = [50.0, 51.0]
    wanted = hours.predict(at=xr.Dataset({"hours": ("time", [3.0, 3.0])}, {"time": at}))["mean"]
    for found in (
        hours.predict(time=at, hours=3),
        hours.predict(time=at, hours=np.float32(3.0)),
        hours.predict(time=at, hours=xr.DataArray(3.0)),
        hours.predict(time=at, hours=[3.0, 3]),
        hours.predict(time=at, hours=pd.Series([3, 3], dtype="Int64")),
        hours.predict(time=at, hours=xr.DataArray([3.0, 3.0], dims="time")),
        hours.predict(at=xr.Dataset({"hours": 3.0}, {"time": at})),
        hours.predict(at={"time": at, "hours": 3.0}),
    ):
        xr.testing.assert_equal(found["mean"], wanted)
    everywhere = hours.predict(hours=4.0)["mean"]
    np.testing.assert_allclose(everywhere, 2 * hours.predict()["mean"])
    with pytest.raises(ValueError, match="'hours' has 3 points along 'time', and the place has 2"):
        hours.predict(time=at, hours=[3.0, 3.0, 3.0])
    with pytest.raises(ValueError, match='"hours" is not known at time = 50, a point'):
        hours.predict(time=at)
    with pytest.raises(TypeError, match="hours holds text"):
        hours.predict(time=at, hours="many")


def test_covariates_are_matched_by_their_coordinates(hours: gp.Fit) -> None:
    other = xr.DataArray([1.0, 2.0, 4.0], coords={"time": [51.0, 50.0, 49.0]})
    found = hours.predict(time=[50.0, 51.0], hours=other)["mean"]
    xr.testing.assert_equal(found, hours.predict(time=[50.0, 51.0], hours=[2.0, 1.0])["mean"])
    with pytest.raises(ValueError, match="not known at time = 52.0, where the place is"):
        hours.predict(time=[50.0, 52.0], hours=other)


def test_a_covariate_at_scattered_points(drawn: gp.Fit) -> None:
    points = pd.DataFrame({"x": [1.0, 2.0, 3.0], "t": [0.0, 5.0, 6.0]})
    wanted = drawn.predict(points.assign(w=2.0))["mean"]
    beside = points.assign(w=pd.array([2, 2, 2], dtype="Int64"), note=["a", 1.0, None])
    xr.testing.assert_equal(drawn.predict(beside)["mean"], wanted)
    for w in (2.0, [2.0, 2.0, 2.0], np.full(3, 2, dtype="i2"), xr.DataArray(2)):
        xr.testing.assert_equal(drawn.predict(points, w=w)["mean"], wanted)
    with pytest.raises(ValueError, match=r"'w' has the shape \(2,\), and there are 3 points"):
        drawn.predict(points, w=[2.0, 2.0])


def test_a_covariate_along_several_axes() -> None:
    rng = np.random.default_rng(1)
    data = xr.Dataset(
        {"y": (("x", "t"), rng.normal(size=(5, 4))), "w": (("x", "t"), rng.normal(size=(5, 4)))},
        {"x": np.arange(5.0), "t": np.arange(4.0)},
    )
    slope = gp.Parameter("slope", Normal(0, 1))
    f = gp.Field("f", x=Matern32(), t=Matern32())
    fit = quiet(gp.Model(Gaussian(slope * gp.Covariate("w") + f), response="y"), data)
    place = {"x": [0.5, 1.5, 2.5], "t": [0.0, 1.0]}
    one = np.array([1.0, 2.0, 3.0])
    wanted = fit.predict(**place, w=xr.DataArray(np.tile(one[:, None], 2), dims=["x", "t"]))["mean"]
    for w in (
        xr.DataArray(one, dims="x"),
        xr.DataArray(np.tile(one, (2, 1)), dims=["t", "x"]),
        np.tile(one[:, None], 2).tolist(),
    ):
        xr.testing.assert_equal(fit.predict(**place, w=w)["mean"], wanted)
    with pytest.raises(ValueError, match="the covariate 'w' has a dimension"):
        fit.predict(**place, w=[1.0, 2.0, 3.0])


def test_only_selects_or_says_what_there_is(drawn: gp.Fit, mode: gp.Fit, hours: gp.Fit) -> None:
    prior = gp.Model(Gaussian(gp.Intercept(Normal(0, 1))), axes=["x"], response="y").prior(
        xr.DataArray(np.arange(3.0), dims="x"), draws=5
    )
    for fit in (drawn, mode, hours, prior):
        whole = set(fit.predict(quantiles=[0.5], draws=2).data_vars)
        for only in ("mean", ["mean"], np.array(["mean"]), ("observation", "mean"), "observation"):
            some = fit.predict(only=only, quantiles=[0.5], draws=2)  # type: ignore[arg-type]
            assert 0 < len(some.data_vars) and set(some.data_vars) <= whole, (fit.method, only)
        assert "mean" not in fit.predict(only="observation")
        with pytest.raises(ValueError, match='no quantity "nonsense".*mean.*observation'):
            fit.predict(only="nonsense")
    assert set(drawn.predict(only=["f"]).data_vars) >= {"f"}
    assert "mean" not in drawn.predict(only=["f"])


def test_moments_are_of_all_draws_whatever_is_given(drawn: gp.Fit) -> None:
    wanted = drawn.predict(quantiles=[0.1, 0.9])
    for draws in (1, 2, 50):
        found = drawn.predict(quantiles=[0.1, 0.9], draws=draws)
        assert found.sizes["draw"] == draws
        xr.testing.assert_equal(found[list(wanted.data_vars)], wanted)


def test_a_mask_of_the_data_says_nothing_there(
    one_field: gp.Model, stations: xr.DataArray
) -> None:
    data = stations.copy()
    data[2, :] = np.nan
    data[0, 1] = np.nan
    fit = quiet(one_field, data, starts=1)
    whole = fit.predict()["mean"]
    assert whole.notnull().all()
    never = fit.predict(mask="data:year")["mean"]
    xr.testing.assert_equal(never, whole.where(data.notnull().any("year")))
    xr.testing.assert_equal(fit.predict(mask="data")["mean"], whole.where(data.notnull()))
    with pytest.raises(ValueError, match="mask is 'data' or 'data:AXIS'"):
        fit.predict(mask="land")
    with pytest.raises(Exception, match="no axis of the data; they have station, year"):
        fit.predict(mask="data:time")


def test_means_over_an_axis_have_the_spread_of_joint_draws(
    one_field: gp.Model, stations: xr.DataArray
) -> None:
    fit = quiet(one_field, stations, starts=1)
    found = fit.aggregate("year", quantiles=[0.5])
    assert found["mean"].dims == ("station",)
    cells = fit.predict(draws=2000, seed=1)
    xr.testing.assert_allclose(found["mean"], cells["mean"].mean("year"))
    np.testing.assert_allclose(found["quantiles"].sel(quantile=0.5), found["mean"], rtol=1e-9)
    spread = cells["draws"].mean("year").std("draw")
    np.testing.assert_allclose(found["sd"], spread, rtol=0.1)
    # The difference of two years, as a sum with weights of both signs.
    weights = np.zeros((6, 5))
    weights[:, 0], weights[:, 4] = -1, 1
    difference = fit.aggregate("year", weights=weights, sum=True)
    ends = cells["mean"].isel(year=4) - cells["mean"].isel(year=0)
    np.testing.assert_allclose(difference["mean"], ends, atol=1e-9)
    assert fit.aggregate(["station", "year"]).sizes == {"all": 1}
    with pytest.raises(Exception, match="no axis 'y' to sum over|no axis \"y\" to sum over"):
        fit.aggregate("y")
    with pytest.raises(Exception, match="areas need an axis of latitudes"):
        fit.aggregate("year", weights="area")
    with pytest.raises(TypeError, match="transpose"):
        fit.aggregate("year", weights=stations)
    with pytest.raises(ValueError, match="quantile 2 does not lie"):
        fit.aggregate("year", quantiles=[2])
