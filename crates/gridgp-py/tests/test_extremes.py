"""Levels, risks, maxima and peaks, with labels and without."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats as st
import xarray as xr
from gridgp import extremes as e
from gridgp.kernels import Matern32

LOCATION = xr.DataArray([34.5, 30.0], coords={"station": ["a", "b"]}, attrs={"units": "degC"})
SHAPE = xr.DataArray([-0.12, 0.2], coords={"station": ["a", "b"]})
PERIOD = xr.DataArray([10.0, 100.0, 1e6], dims="period")


def test_levels_are_quantiles_and_periods_their_inverse() -> None:
    level = e.return_level(LOCATION, 1.8, SHAPE, PERIOD)
    assert level.dims == ("station", "period")
    expected = st.genextreme.ppf(
        1 - 1 / PERIOD.values, -SHAPE.values[:, None], LOCATION.values[:, None], 1.8
    )
    np.testing.assert_allclose(level, expected, rtol=1e-8)
    np.testing.assert_array_equal(
        level, e.return_level(LOCATION.values[:, None], 1.8, SHAPE.values[:, None], PERIOD.values)
    )
    np.testing.assert_allclose(
        e.return_period(LOCATION, 1.8, SHAPE, level), np.broadcast_to(PERIOD, (2, 3)), rtol=1e-8
    )
    np.testing.assert_allclose(
        e.exceedance(LOCATION, 1.8, SHAPE, level), 1 / np.broadcast_to(PERIOD, (2, 3)), rtol=1e-8
    )
    assert e.return_period(0.0, 1.0, -0.5, 2.5) == np.inf


def test_risks_over_years() -> None:
    year = np.arange(2025, 2075)
    location = LOCATION + xr.DataArray(0.03 * (year - 2025), coords={"year": year})
    level = e.design_life_level(location, 1.8, SHAPE, risk=0.1)
    assert level.dims == ("station",)
    survived: Any = st.genextreme.logcdf(
        level.values[:, None], -SHAPE.values[:, None], location.values, 1.8
    )
    np.testing.assert_allclose(1 - np.exp(survived.sum(axis=1)), 0.1, rtol=1e-9)
    np.testing.assert_allclose(e.exceedance_over(location, 1.8, SHAPE, level=level), 0.1, rtol=1e-9)
    plain = e.design_life_level(location.values, 1.8, SHAPE.values[:, None], risk=0.1)
    np.testing.assert_array_equal(level, plain)
    reliable = e.equivalent_reliability_level(location, 1.8, SHAPE, period=100.0)
    risk = e.exceedance_over(location, 1.8, SHAPE, level=reliable)
    np.testing.assert_allclose(1 - risk, 0.99**50, rtol=1e-10)
    expected = e.expected_exceedances_level(location, 1.8, SHAPE, period=100.0)
    total: Any = e.exceedance(location, 1.8, SHAPE, expected)
    total = total.sum("year")
    np.testing.assert_allclose(total, 0.5, rtol=1e-9)
    risks = xr.DataArray([0.1, 0.5], dims="risk")
    assert e.design_life_level(location, 1.8, SHAPE, risk=risks).dims == ("station", "risk")
    with pytest.raises(
        ValueError, match="no parameter has the dimension 'time' of years; they have"
    ):
        e.design_life_level(location, 1.8, SHAPE, risk=0.1, dim="time")
    with pytest.raises(ValueError, match="one value a year"):
        e.design_life_level(30.0, 1.8, 0.1, risk=0.1)
    with pytest.raises(ValueError, match="risk 1.5"):
        e.design_life_level(location, 1.8, SHAPE, risk=1.5)


def test_lists_have_a_dimension_of_their_own() -> None:
    """Two periods beside two stations are not matched by their number."""
    level = e.return_level(LOCATION, 1.8, SHAPE, period=[10.0, 100.0])
    assert level.dims == ("station", "period")
    xr.testing.assert_equal(
        level.sel(period=100.0, drop=True), e.return_level(LOCATION, 1.8, SHAPE, 100.0)
    )
    for f, name in [(e.return_period, "level"), (e.exceedance, "level")]:
        assert f(LOCATION, 1.8, SHAPE, [38.0, 40.0]).dims == ("station", name)
    location = LOCATION + xr.DataArray([0.0, 1.0], coords={"year": [2001, 2002]})
    assert e.design_life_level(location, 1.8, SHAPE, risk=[0.1, 0.2]).dims == ("station", "risk")
    reliable = e.equivalent_reliability_level(location, 1.8, SHAPE, period=[10.0, 50.0])
    assert reliable.dims == ("station", "period")
    over = e.exceedance_over(location, 1.8, SHAPE, level=[38.0, 40.0])
    xr.testing.assert_equal(
        over.isel(level=1, drop=True), e.exceedance_over(location, 1.8, SHAPE, level=40.0)
    )
    with pytest.raises(ValueError, match="scale is an array without names"):
        e.return_level(LOCATION, [1.8, 2.0], SHAPE, 10.0)
    with pytest.raises(ValueError, match="location has the dimension 'period' already"):
        e.return_level(LOCATION.rename(station="period"), 1.8, 0.1, [10.0, 100.0])


def daily(seed: int = 3) -> xr.DataArray:
    time = pd.date_range("2001-01-01", "2004-12-31")
    values = np.random.default_rng(seed).normal(20, 8, size=(len(time), 2, 3))
    values[np.random.default_rng(1).random(values.shape) < 0.03] = np.nan
    return xr.DataArray(
        values,
        coords={
            "time": time,
            "lat": [40.0, 41.0],
            "lon": [0.0, 1.0, 2.0],
            "height": ("lat", [5.0, 6.0]),
        },
        dims=["time", "lat", "lon"],
        name="tmax",
        attrs={"units": "degC"},
    )


def test_block_maxima_are_those_of_xarray() -> None:
    series = daily()
    maxima = e.block_maxima(series)
    assert (maxima.dims, maxima.name, maxima.attrs) == (
        ("lat", "lon", "year"),
        "tmax",
        series.attrs,
    )
    np.testing.assert_array_equal(maxima.height, series.height)
    expected = series.groupby("time.year").max().transpose("lat", "lon", "year")
    xr.testing.assert_equal(maxima.drop_vars("height"), expected.drop_vars("height"))
    shuffled = series.isel(time=np.random.default_rng(0).permutation(series.sizes["time"]))
    xr.testing.assert_identical(e.block_maxima(shuffled), maxima)


def test_years_may_begin_in_october_and_need_their_days() -> None:
    series = daily().isel(lat=0, lon=0, drop=True)
    wet = e.block_maxima(series, begins=10, coverage=0.9)
    np.testing.assert_array_equal(wet.year, [2001, 2002, 2003, 2004, 2005])
    # 2001 has nine months of twelve, 2005 three.
    assert np.isnan(wet.values[[0, 4]]).all()
    part = series.sel(time=slice("2001-10-01", "2002-09-30"))
    assert wet.sel(year=2002) == part.max()
    # Days that are left out count as missing.
    thinned = series.isel(time=series.time.dt.day < 25)
    assert np.isnan(e.block_maxima(thinned, coverage=0.5)).sum() == 0
    with pytest.raises(ValueError, match="no year has 0.9 of its values"):
        e.block_maxima(thinned)


def test_a_year_has_twelve_months() -> None:
    months = pd.date_range("2001-01-01", periods=24, freq="MS")
    monthly = xr.DataArray(np.arange(24.0), coords={"time": months})
    np.testing.assert_array_equal(e.block_maxima(monthly, coverage=1.0), [11.0, 23.0])
    short = monthly.isel(time=slice(0, -1))
    np.testing.assert_array_equal(e.block_maxima(short, coverage=0.95), [11.0, np.nan])


def test_series_of_pandas_and_other_calendars() -> None:
    series = daily().isel(lat=1, lon=2, drop=True)
    pandas = e.block_maxima(series.to_series())
    assert isinstance(pandas, pd.Series)
    assert (pandas.index.name, pandas.name) == ("year", "tmax")
    np.testing.assert_array_equal(pandas.to_numpy(), e.block_maxima(series).values)
    cftime = pytest.importorskip("cftime")
    times = xr.date_range("2001-01-01", "2002-12-30", calendar="360_day", use_cftime=True)
    assert isinstance(times[0], cftime.datetime)
    values = np.arange(float(len(times)))
    model = xr.DataArray(values, coords={"time": times})
    np.testing.assert_array_equal(e.block_maxima(model), [359.0, 719.0])


def test_blocks_of_ones_own() -> None:
    series = xr.DataArray([1.0, 5.0, 2.0, 4.0], dims="time")
    found = e.block_maxima(series, blocks=[7, 3, 7, 3])
    np.testing.assert_array_equal(found.block, [3, 7])
    np.testing.assert_array_equal(found, [5.0, 2.0])
    with pytest.raises(ValueError, match="blocks=series.year"):
        e.block_maxima(xr.DataArray([1.0, 2.0], coords={"time": [2001, 2002]}))
    with pytest.raises(ValueError, match="no dimension 'time'"):
        e.block_maxima(xr.DataArray([1.0], dims="day"))
    with pytest.raises(TypeError, match="xr.DataArray"):
        e.block_maxima(np.zeros(3))  # type: ignore[type-var]


def test_thresholds_and_peaks() -> None:
    rain = np.array([0.0, 12.0, 15.0, 3.0, 11.0, 0.0, 0.0, np.nan, 20.0])
    time = pd.date_range("2001-01-01", periods=9)
    assert e.quantile_threshold(rain, 0.9) == np.nanquantile(rain, 0.9)
    found = e.decluster(rain, 10.0, run=2)
    np.testing.assert_array_equal(found.at, [2, 8])
    np.testing.assert_array_equal(np.stack([found.first, found.last]), [[1, 8], [4, 8]])
    named = e.decluster(xr.DataArray(rain, coords={"time": time}), 10.0, run=2)
    np.testing.assert_array_equal(named.time, time[[2, 8]])
    series = e.decluster(pd.Series(rain, index=time), 10.0, run=2)
    assert list(series.index) == list(time[[2, 8]])
    # Days that the series does not have end a storm, in whatever order the days are.
    days = pd.to_datetime(["2001-01-01", "2001-01-02", "2001-01-09"])
    storms = pd.Series([12.0, 15.0, 20.0], index=days)
    assert list(e.decluster(storms, 10.0, run=2)) == [15.0, 20.0]
    assert list(e.decluster(storms[::-1], 10.0, run=2)) == [15.0, 20.0]
    assert list(e.decluster(storms, 10.0, run=7)) == [20.0]
    table = xr.DataArray(np.stack([rain, 2 * rain]), dims=["station", "time"])
    thresholds = e.quantile_threshold(table, 0.5, dim="time")
    np.testing.assert_allclose(thresholds, np.nanquantile(table, 0.5, axis=1))
    with pytest.raises(ValueError, match="one series at a time"):
        e.decluster(table, 1.0)


def test_simulated_parts_follow_their_seed_and_their_law() -> None:
    smooth = e.gmst(50, e.Stabilization(2.0, 40.0), seed=1)
    np.testing.assert_allclose(smooth, 2 * (1 - np.exp(-np.arange(50) / 40)))
    np.testing.assert_allclose(
        e.gmst(3, e.Exponential(0.02, 30.0), seed=1)[1], 0.6 * np.expm1(1 / 30)
    )
    noise = e.gmst(40_000, e.Linear(0.0), sd=0.2, correlation=0.6, seed=5)
    assert abs(noise.std() / 0.2 - 1) < 0.03
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1] - 0.6) < 0.02
    kernel = Matern32(lengthscale=1.5)
    points = np.array([0.0, 0.7, 3.0])
    draws = np.array([e.spatial_field(kernel, points, amplitude=2.0, seed=s) for s in range(4000)])
    assert np.all(np.abs(np.cov(draws.T) - 4 * kernel.gram(points)) < 0.5)
    years = np.array([0.0, 1.0])
    y = e.gev_observations(np.full(5000, 30.0), 1.5, 2.0, 0.1, years, seed=9)
    assert y.shape == (5000, 2)
    for t in range(2):
        law = st.genextreme(-0.1, 30 + 1.5 * t, 2.0)
        assert st.kstest(y[:, t], law.cdf).pvalue > 1e-3
    np.testing.assert_array_equal(
        y[:3], e.gev_observations(np.full(3, 30.0), 1.5, 2.0, 0.1, years, seed=9)
    )
    with pytest.raises(ValueError, match="scale is 0"):
        e.gev_observations([30.0], 1.0, 0.0, 0.1, years, seed=1)


def program() -> str | None:
    """The command line program: that of the environment, else that of the build folder."""
    target = Path(__file__).parents[3] / "target"
    built = [p for kind in ("debug", "release") if (p := target / kind / "gridgp").exists()]
    newest = sorted(built, key=lambda p: p.stat().st_mtime)
    found = os.environ.get("GRIDGP_BIN") or (str(newest[-1]) if newest else shutil.which("gridgp"))
    return found


def test_simulations_and_maxima_are_those_of_the_command_line(tmp_path: Path) -> None:
    gridgp = program()
    if gridgp is None:
        pytest.skip("skipped: there is no program gridgp; cargo build -p gridgp-cli makes it")

    def run(*arguments: str) -> None:
        subprocess.run([gridgp, *arguments], check=True, cwd=tmp_path, capture_output=True)

    run(
        "simulate",
        "-o",
        "s.csv",
        "--stations",
        "5",
        "--years",
        "1990:2009",
        "--seed",
        "7",
        "--scale-amplitude",
        "0.2",
        "--shape-amplitude",
        "0.1",
        "--year-amplitude",
        "0.5",
    )
    table = pd.read_csv(tmp_path / "s.csv")
    ours = e.simulate(
        7,
        stations=5,
        years=range(1990, 2010),
        scale=e.Varying(1.8, 0.2),
        shape=e.Varying(0.12, 0.1),
        year_amplitude=0.5,
    )
    for name, variable in ours.data_vars.items():
        # The table has one row a cell, years fastest.
        cells, _ = xr.broadcast(variable, ours.tmax)
        values = cells.transpose("station", "year").to_numpy().reshape(-1)
        np.testing.assert_array_equal(table[str(name)].to_numpy(), values, str(name))
    np.testing.assert_array_equal(table.lon.to_numpy()[::20], ours.lon.to_numpy())
    series = daily().isel(lat=0, lon=0, drop=True)
    series.to_dataframe().to_csv(tmp_path / "daily.csv", date_format="%Y-%m-%d")
    run("block-maxima", "daily.csv", "--response", "tmax", "--begins", "10", "-o", "m.csv")
    maxima = pd.read_csv(tmp_path / "m.csv").set_index("year")["tmax"].dropna()
    mine: Any = e.block_maxima(series, begins=10).to_series().dropna()
    pd.testing.assert_series_equal(mine, maxima, check_index_type=False, check_exact=True)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: e.simulate(1, stations=0), "0 stations"),
        (lambda: e.simulate(1, shape=e.Varying(0.7)), "shape is 0.7"),
        (lambda: e.simulate(1, lon=(3.0, -9.0)), "longitudes"),
        (lambda: e.gmst(3, e.Linear(0.02), sd=-1.0, seed=1), "-1"),
        (lambda: e.quantile_threshold([1.0], 1.5), "1.5"),
        (lambda: e.decluster([1.0], 0.0, run=0), "run = 1"),
        (lambda: e.block_maxima(daily(), coverage=2.0), "coverage 2"),
        (lambda: e.block_maxima(daily(), begins=13), "month 13"),
    ],
)
def test_mistakes_are_explained(mistake: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mistake()
