"""Many fits in one call are the fits one by one, wherever they are computed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import gridgp
from gridgp.likelihoods import Gaussian
from gridgp.priors import LogNormal, Normal

pytest.importorskip("dask.array")

NUMBERS = ["estimate", "standard_error", "log_marginal_likelihood", "log_posterior"]


@pytest.fixture(scope="module")
def model() -> gridgp.Model:
    course = gridgp.Field("course", time="matern32()")
    return gridgp.Model(Gaussian(location=gridgp.Intercept(name="mean") + course))


@pytest.fixture(scope="module")
def pixels() -> xr.DataArray:
    """48 months at 6 x 5 places, one of them land and one with gaps."""
    rng = np.random.default_rng(3)
    time = np.arange(48) / 12
    phase = rng.uniform(0, 6, size=(6, 5, 1))
    y = 10 + rng.uniform(1, 3, size=(6, 5, 1)) * np.sin(3 * time + phase)
    y += 0.3 * rng.normal(size=y.shape)
    y[2, 3] = np.nan
    y[4, 1, [5, 6, 30]] = np.nan
    coords = {"lat": np.arange(6.0), "lon": np.arange(5.0), "time": time}
    return xr.DataArray(y, coords=coords, dims=["lat", "lon", "time"], name="sst")


@pytest.fixture(scope="module")
def found(model: gridgp.Model, pixels: xr.DataArray) -> xr.Dataset:
    return gridgp.fit_each(model, pixels, over=["lat", "lon"])


def same(a: xr.Dataset, b: xr.Dataset) -> None:
    for name in NUMBERS:
        xr.testing.assert_allclose(a[name], b[name], rtol=1e-10)
    assert (a["message"] == b["message"]).all()
    assert (a["converged"] == b["converged"]).all()


def test_each_is_the_fit_of_its_series(
    model: gridgp.Model, pixels: xr.DataArray, found: xr.Dataset
) -> None:
    for place in [{"lat": 0, "lon": 0}, {"lat": 4, "lon": 1}, {"lat": 5, "lon": 2}]:
        alone = model.fit(pixels.isel(place), progress=False)
        here = found.isel(place)
        assert bool(here["converged"])
        for name, entry in alone.details["parameters"].items():
            ours = float(here["estimate"].sel(parameter=name))
            assert ours == pytest.approx(entry["estimate"], rel=1e-4)
        for name in ("log_posterior", "log_marginal_likelihood"):
            assert float(here[name]) == pytest.approx(alone.details[name], abs=1e-6)


def test_a_series_that_fails_is_masked_and_says_why(found: xr.Dataset) -> None:
    land = found.isel(lat=2, lon=3)
    assert "every cell of 'sst' is missing" in str(land["message"].values).replace('"', "'")
    assert not bool(land["converged"])
    assert all(bool(land[name].isnull().all()) for name in NUMBERS)
    assert int((found["message"] == "").sum()) == 29


def test_standard_errors_are_those_of_some_fifty_values(found: xr.Dataset) -> None:
    here = found.isel(lat=1, lon=1)
    assert (here["standard_error"] > 0).all()
    noise = here.sel(parameter="scale")
    assert 0.05 < float(noise["standard_error"] / noise["estimate"]) < 0.5


@pytest.mark.parametrize("chunks", [{"lat": 2, "lon": 3}, {"time": 7, "lat": 6}])
def test_chunks_do_not_matter(
    model: gridgp.Model, pixels: xr.DataArray, found: xr.Dataset, chunks: dict[str, int]
) -> None:
    lazy = gridgp.fit_each(model, pixels.chunk(chunks), over=["lat", "lon"], block=4)
    assert lazy["estimate"].chunks is not None
    same(lazy.compute(), found)


def test_a_store_goes_on_where_it_ended(
    model: gridgp.Model,
    pixels: xr.DataArray,
    found: xr.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import zarr

    from gridgp.each import _series

    store = tmp_path / "fits.zarr"
    over = ["lat", "lon"]
    stored = gridgp.fit_each(model, pixels, over=over, to=store, block=6)
    same(stored.load(), found)
    done = zarr.open_group(store, mode="r+")["done"]
    assert isinstance(done, zarr.Array)
    blocks = int(np.prod(done.cdata_shape))
    assert blocks > 4
    # As if the run had ended before the last block was written.
    rows, columns = done.chunks
    done[-(6 % rows or rows) :, -(5 % columns or columns) :] = 0
    calls = []
    fit = _series.Series.fit

    def counted(self: _series.Series, values: np.ndarray) -> np.ndarray:
        calls.append(values.shape)
        return fit(self, values)

    monkeypatch.setattr(_series.Series, "fit", counted)
    same(gridgp.fit_each(model, pixels, over=over, to=store).load(), found)
    assert len(calls) == 1
    other = gridgp.Model(Gaussian(location=gridgp.Field("course", time="matern52()")))
    with pytest.raises(ValueError, match=r"no store of these fits.*delete it"):
        gridgp.fit_each(other, pixels, over=over, to=store)
    shutil.rmtree(store)


def test_covariates_are_shared_by_all_series(pixels: xr.DataArray) -> None:
    course = gridgp.Field("course", time="matern32(lengthscale ~ log_normal(0, 1))")
    slope = gridgp.Parameter("slope", Normal(0, 10))
    scale = gridgp.Parameter("noise", LogNormal(-1, 1))
    model = gridgp.Model(
        Gaussian(location=gridgp.Intercept(name="mean") + slope * "w" + course, scale=scale)
    )
    w = xr.DataArray(np.arange(48.0) % 5, coords={"time": pixels["time"]}, dims="time")
    shifted = pixels + 2 * w
    found = gridgp.fit_each(model, shifted, over=["lat", "lon"], covariates={"w": w})
    alone = model.fit(shifted.isel(lat=0, lon=0), covariates={"w": w}, progress=False)
    ours = float(found["estimate"].isel(lat=0, lon=0).sel(parameter="slope"))
    assert ours == pytest.approx(alone.details["parameters"]["slope"]["estimate"], rel=1e-4)


def test_what_cannot_be_is_said(model: gridgp.Model, pixels: xr.DataArray) -> None:
    with pytest.raises(KeyError, match="no dimension 'lot'; did you mean 'lon'"):
        gridgp.fit_each(model, pixels, over="lot")
    with pytest.raises(ValueError, match="not an axis of the model"):
        gridgp.fit_each(
            gridgp.Model(
                Gaussian(location=gridgp.Field("f", time="matern32()")),
                axes=["time"],
                response="sst",
            ),
            pixels,
            over="lat",
        )
    with pytest.raises(gridgp.ModelError, match="by the method \"map\" alone"):
        gridgp.fit_each(model, pixels, over=["lat", "lon"], method="nuts")
    with pytest.raises(ValueError, match="every cell of .* is missing"):
        gridgp.fit_each(model, pixels.where(pixels > 100), over=["lat", "lon"])
