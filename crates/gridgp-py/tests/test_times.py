"""Times, durations, coordinates and missing values come back as they were given."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import gridgp as gp
from gridgp.likelihoods import Gaussian

N = 12
Y = np.sin(np.arange(float(N)))
# Nothing but the mean is free, so that a fit takes no time.
MODEL = gp.Model(
    Gaussian(gp.Intercept() + gp.Field("f", time="matern32(lengthscale = 1)", amplitude=1), 0.1)
)


def quick(model: gp.Model, *data: object) -> gp.Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        return model.fit(*data, progress=False, starts=1)


def series(times: object) -> xr.DataArray:
    return xr.DataArray(Y, coords={"time": times}, dims="time", name="y")


def check_round_trip(y: xr.DataArray, folder: Path) -> None:
    """Times of predictions are those of the data, asked for or not, before and after a file."""
    fit = quick(MODEL, y)
    fit.save(folder / "fit.nc")
    for found in (fit, gp.load(folder / "fit.nc")):
        own, asked = found.predict(), found.predict(time=y["time"].values)
        xr.testing.assert_equal(own, asked)
        assert own["time"].dtype == y["time"].dtype
        assert own.indexes["time"].equals(y.indexes["time"])
        assert (own["mean"] - y).sizes["time"] == N
        assert found.predict(y.isel(time=[3]))["mean"].values == own["mean"].values[3]


@pytest.mark.parametrize(
    "calendar", ["standard", "proleptic_gregorian", "julian", "noleap", "all_leap", "360_day"]
)
def test_cftime_of_every_calendar(calendar: str, tmp_path: Path) -> None:
    pytest.importorskip("cftime")
    for step in ("5D", "37min", "1s"):
        times = xr.date_range(
            "2000-02-25", periods=N, freq=step, calendar=calendar, use_cftime=True
        )
        check_round_trip(series(times), tmp_path)
    fit = quick(MODEL, series(times))
    other = "noleap" if calendar != "noleap" else "360_day"
    new = xr.date_range("2000-02-25", periods=2, freq="1D", calendar=other, use_cftime=True)
    with pytest.raises(ValueError, match=other):
        fit.predict(time=new)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_datetime64_of_every_unit(unit: str, tmp_path: Path) -> None:
    # A model sees days since 1970, which tell 300 ns apart.
    for step in (1_003, 1_000_003, 86_400 * 1000):
        power = {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]
        whole = 1_600_000_000 * 10**power + step * np.arange(N)
        y = series(whole.astype(f"M8[{unit}]"))
        if y["time"].dtype == f"M8[{unit}]":
            check_round_trip(y, tmp_path)
    # Odd nanoseconds over decades, as from decimal years.
    check_round_trip(series(pd.to_datetime(np.linspace(0, 1.6e18, N).astype("int64"))), tmp_path)


def test_pandas_and_text() -> None:
    times = pd.date_range("2020-01-01", periods=N, freq="10min", name="time")
    fit = quick(MODEL, pd.Series(Y, index=times, name="y"))
    assert fit.predict().indexes["time"].equals(times)
    assert fit.predict(time=["2020-01-01T00:20"])["mean"].values == fit.predict()["mean"].values[2]


def test_durations() -> None:
    step = pd.to_timedelta(np.arange(N) * 6, unit="h")
    y = xr.DataArray(Y, coords={"step": step}, dims="step", name="y")
    fit = quick(
        gp.Model(Gaussian(gp.Intercept() + gp.Field("f", step="matern32(lengthscale = 1)"), 0.1)), y
    )
    own = fit.predict()
    assert own["step"].dtype == y["step"].dtype and (own["mean"] - y).sizes["step"] == N
    for new in (np.timedelta64(12, "h"), pd.Timedelta("12h")):
        asked = fit.predict(step=[new])
        assert asked["step"].values == step[2]
        assert asked["mean"].values == own["mean"].values[2]
    assert fit.predict(y.isel(step=[0, 1])).sizes["step"] == 2


@pytest.mark.parametrize(
    "units", ["months since 1960-01-01", "years since 1950-01-01", "weeks", "days since 2000-01-01"]
)
def test_numbers_with_a_unit_stay_numbers(units: str, tmp_path: Path) -> None:
    y = series(("time", np.arange(float(N)), {"units": units}))
    fit = quick(MODEL, y)
    fit.save(tmp_path / "fit.nc")
    for found in (fit, gp.load(tmp_path / "fit.nc")):
        own = found.predict()
        assert own["time"].dtype == float and own["time"].attrs["units"] == units
        np.testing.assert_array_equal(own["time"], y["time"])
        asked = found.predict(time=xr.DataArray([2.0], dims="time", attrs={"units": units}))
        assert asked["mean"].values == own["mean"].values[2]


def test_the_same_times_in_every_container(tmp_path: Path) -> None:
    times = pd.date_range("2020-02-27", periods=N, freq="90min")
    y = series(times)
    y.to_dataframe().to_csv(tmp_path / "d.csv", date_format="%Y-%m-%dT%H:%M:%S")
    minutes = {"units": "minutes since 2001-01-01", "dtype": "int32"}
    y.to_netcdf(tmp_path / "d.nc", encoding={"time": minutes})
    text = (
        '[data]\nfile = "{}"\nresponse = "y"\naxes.time = {{ units = "days" }}\n[parameters]\n'
        'mu = "default"\n[fields.f]\namplitude = 1\ntime = "matern32(lengthscale = 1)"\n'
        '[likelihood]\nfamily = "gaussian"\nlocation = "mu + f"\nscale = 0.1\n'
        "[inference]\nstarts = 1\n"
    )
    for name in ("d.csv", "d.nc"):
        (tmp_path / f"{name}.toml").write_text(text.format(name))
    model = gp.Model.from_toml(tmp_path / "d.csv.toml")
    with xr.open_dataset(tmp_path / "d.nc") as opened:
        fits = [
            quick(model),
            quick(gp.Model.from_toml(tmp_path / "d.nc.toml")),
            quick(model, opened["y"]),
            quick(model, y),
            quick(model, series(times.astype("M8[s]"))),
            quick(model, pd.Series(Y, index=times.rename("time"), name="y")),
        ]
    found = [fit.predict() for fit in fits]
    for other in found:
        np.testing.assert_array_equal(other["time"].values.astype("M8[ns]"), times.values)
        np.testing.assert_allclose(other["mean"], found[0]["mean"], rtol=1e-9)
        assert (other["mean"] - y).sizes["time"] == N


def test_single_precision_coordinates() -> None:
    lat = np.arange(0, 1.15, 0.1).astype("f4")
    y = xr.DataArray(Y, coords={"lat": lat}, dims="lat", name="y")
    kernel = "matern32(lengthscale = 1) + white()"
    model = gp.Model(Gaussian(gp.Intercept() + gp.Field("f", lat=kernel, amplitude=1), 0.1))
    fit = quick(model, y)
    own = fit.predict()
    assert own["lat"].dtype == np.float32 and (own["mean"] - y).sizes["lat"] == N
    asked = fit.predict(lat=[0.1, 0.7, 0.75])
    np.testing.assert_array_equal(asked["lat"], [0.1, 0.7, 0.75])
    np.testing.assert_array_equal(asked["mean"][:2], own["mean"][[1, 7]])
    # A covariate in double precision has the points of the data.
    effect = gp.Parameter("b") * gp.Covariate("w")
    with_covariate = gp.Model(Gaussian(gp.Intercept() + effect + gp.Field("f", lat=kernel), 0.1))
    w = xr.DataArray(Y**2, coords={"lat": np.arange(N) / 10}, dims="lat")
    with_covariate.describe(y, covariates={"w": w})


def test_a_longitude_is_one_place() -> None:
    lon = np.arange(0.0, 360.0, 30.0)
    y = xr.DataArray(
        Y, coords={"lon": ("lon", lon, {"units": "degrees_east"})}, dims="lon", name="y"
    )
    fit = quick(gp.Model(Gaussian(gp.Intercept() + gp.Field("f", lon="matern32()"), 0.1)), y)
    both = fit.predict(lon=[-30.0, -12.0]), fit.predict(lon=[330.0, 348.0])
    np.testing.assert_array_equal(both[0]["mean"], both[1]["mean"])
    np.testing.assert_array_equal(both[0]["lon"], [-30.0, -12.0])
    assert both[0]["mean"].values[0] == fit.predict()["mean"].values[11]


def test_the_valid_range_and_the_default_fill_of_a_file(tmp_path: Path) -> None:
    x = ("x", np.arange(4.0))
    stored = np.array([1500, -3000, 9000, -32767], dtype="i2")
    model = gp.Model(Gaussian(gp.Field("f", x="matern32(lengthscale = 1)", amplitude=1), 0.1))
    for name, limits in [
        ("unpacked", np.array([-40.0, 45.0])),
        ("packed", np.array([-4000, 4500], dtype="i2")),
    ]:
        attrs = {"scale_factor": 0.01, "valid_range": limits}
        raw = xr.Dataset({"y": ("x", stored, attrs)}, coords={"x": x})
        raw.to_netcdf(tmp_path / f"{name}.nc", encoding={"y": {"_FillValue": None}})
        with xr.open_dataset(tmp_path / f"{name}.nc") as opened:
            fit = quick(model, opened["y"])
            seen = fit._core.tree()["groups"]["observed_data"]["variables"]["y"][1]
            np.testing.assert_allclose(seen, [15, -30, np.nan, np.nan])
            computed = (opened["y"] + 0).assign_attrs(opened["y"].attrs)
    # What is computed may have another unit: nothing is masked, and a range of values warns.
    computed.attrs["valid_range"] = np.array([-40.0, 45.0])
    with pytest.warns(UserWarning, match="values of y lie outside of its valid range"):
        quick(model, computed)


def test_what_is_not_known_on_land_is_not_predicted_there() -> None:
    land = np.arange(N) < 3
    c = {"x": np.arange(float(N))}
    depth = xr.DataArray(np.where(land, np.nan, np.arange(float(N))), coords=c, dims="x")
    y = xr.DataArray(np.where(land, np.nan, 15 - depth), coords=c, dims="x", name="y")
    y[5] = np.nan
    effect = gp.Parameter("b") * gp.Covariate("depth")
    field = gp.Field("f", x="matern32()")
    model = gp.Model(Gaussian(gp.Intercept() + effect + field, 0.1), response="y")
    fit = quick(model, xr.Dataset({"y": y, "depth": depth}))
    missing = fit.predict()["mean"].isnull()
    np.testing.assert_array_equal(missing, land)
    with pytest.raises(ValueError, match='"depth" is missing at x = 4, where "y" is observed'):
        quick(model, xr.Dataset({"y": y, "depth": depth.where(depth != 4)}))
