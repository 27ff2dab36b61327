"""Tables of pandas in the shapes that they have."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import gridgp as gp
from gridgp.kernels import Matern32
from gridgp.likelihoods import Gaussian


def fitted(model: gp.Model, y: object) -> gp.Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        return model.fit(y, progress=False)  # type: ignore[arg-type]


def mode(fit: gp.Fit) -> float:
    return float(fit.details["log_posterior"])


def test_a_series_of_times_in_every_form() -> None:
    model = gp.Model(Gaussian(gp.Intercept() + gp.Field("f", time=Matern32())))
    series = pd.Series(
        np.sin(np.arange(30.0)), index=pd.date_range("2020", periods=30), name="y"
    )
    named = series.rename_axis("time")
    wanted = fitted(model, named)
    for same in (
        series,
        series.rename(None),
        series.to_frame(),
        named.to_frame(),
        named.reset_index(),
        named.reset_index().sample(frac=1, random_state=0).set_index("time").sort_index(),
        named.to_frame().assign(other="text").reset_index()[["y", "time"]],
        series.tz_localize("UTC"),
        named.tz_localize("Etc/GMT+3").tz_convert("Europe/Madrid").shift(-3, freq="h"),
        named.tz_localize("UTC").reset_index(),
        series.to_period("D"),
        named.to_period("D").reset_index(),
        named.reset_index().assign(time=lambda d: d["time"].dt.to_pydatetime().astype(object)),
        named.reset_index().convert_dtypes(),
    ):
        found = fitted(model, same)
        assert mode(found) == mode(wanted)
        np.testing.assert_array_equal(found.predict()["time"], series.index)


def test_tables_of_two_axes(elnino: gp.Model, sst: xr.DataArray, mode: gp.Fit) -> None:
    long = sst.to_series()
    wanted = list(mode.summary()["estimate"])
    for same in (
        long.reset_index(),
        long.reset_index().sample(frac=1, random_state=0),
        long.reset_index("month"),
        long.unstack("month"),
        long.unstack("year"),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit = elnino.fit(same, progress=False)
        assert list(fit.summary()["estimate"]) == wanted
    with pytest.raises(ValueError, match=r"1950.*more than once.*\.groupby\(\['year', 'month'\]\)"):
        elnino.fit(pd.concat([long.reset_index()] * 2))


def test_a_flat_table_of_stations() -> None:
    rng = np.random.default_rng(0)
    y = xr.DataArray(
        rng.normal(size=(4, 6)),
        coords={
            "station": list("dbca"),
            "year": np.arange(6),
            "lon": ("station", [1.0, 2.0, 0.0, 3.0]),
            "lat": ("station", [4.0, 2.0, 1.0, 5.0]),
        },
        dims=["station", "year"],
        name="y",
    )
    axes = [gp.Axis("station", "lon", "lat"), "year"]
    model = gp.Model(Gaussian(gp.Field("f", station=Matern32(), year=Matern32())), axes=axes)
    wanted = fitted(model, y)
    flat = y.to_dataframe().reset_index()
    for same in (flat, flat.sort_values("year"), flat.drop(columns="station"), flat.set_index("year")):
        found = fitted(model, same)
        assert mode(found) == mode(wanted)
        if "station" in same:
            xr.testing.assert_equal(found.predict()["mean"], wanted.predict()["mean"])
    odd = flat.assign(station=["x", *flat["station"][1:]])
    with pytest.raises(ValueError, match="the axis 'station' is called 'x' and 'd'"):
        fitted(model, odd)


def test_what_a_table_does_not_say_is_asked_for() -> None:
    model = gp.Model(Gaussian(gp.Field("f", x=Matern32(), t=Matern32())))
    index = pd.MultiIndex.from_product([[0, 1], [0, 1]])
    series = pd.Series(np.arange(4.0), index=index, name="y")
    with pytest.raises(ValueError, match=r"write table\.rename_axis\(\['x', 't'\]\)"):
        fitted(model, series)
    assert mode(fitted(model, series.rename_axis(["x", "t"]))) < 0
    flat = pd.DataFrame({"a": [0, 1], "y": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"columns are 'a', 'y'; write table\.set_index\(\['x', 't'\]\)"):
        fitted(model, flat)
    constant = gp.Model(Gaussian(gp.Intercept()))
    with pytest.raises(ValueError, match=r"rename_axis\(\['year'\]\)"):
        fitted(constant, pd.Series(np.arange(5.0)))


def test_a_stacked_dimension_is_told(elnino: gp.Model, sst: xr.DataArray) -> None:
    with pytest.raises(ValueError, match=r"'year', 'month' are levels.*\.unstack\('cell'\)"):
        elnino.fit(sst.stack(cell=["year", "month"]))
