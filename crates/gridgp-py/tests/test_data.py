"""Data in the forms that Python has them, and messages for what cannot be."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import gridgp as gp
from gridgp.likelihoods import Gaussian
from gridgp.priors import Normal


def estimates(fit: gp.Fit) -> list[float]:
    return list(fit.summary()["estimate"])


def test_every_form_gives_the_same_numbers(
    elnino: gp.Model, sst: xr.DataArray, mode: gp.Fit, caplog: pytest.LogCaptureFixture
) -> None:
    years, months = sst["year"].values, sst["month"].values
    fits = [
        elnino.fit(sst.transpose("month", "year"), progress=False),
        elnino.fit(sst.to_dataset(name="sst"), progress=False),
        elnino.fit(sst.values, coords={"year": years, "month": months}, progress=False),
        elnino.fit(
            np.asfortranarray(sst.values), coords={"year": years, "month": months}, progress=False
        ),
        elnino.fit(sst.to_series(), progress=False),
        elnino.fit(sst.to_series().sample(frac=1, random_state=0).sort_index(), progress=False),
        elnino.fit(progress=False),
    ]
    with caplog.at_level(logging.INFO, logger="gridgp"):
        fits.append(elnino.fit(sst.chunk({"year": 10}), progress=False))
    assert "dask" in caplog.text
    for fit in fits:
        assert estimates(fit) == estimates(mode)


def test_single_precision_and_integers() -> None:
    model = gp.Model(Gaussian(gp.Field("f", x="matern32()")))
    y = np.array([0, 2, 3, 3, 1, -1, -2, 0, 1, 3])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        fits = [
            model.fit(y.astype(t), coords={"x": np.arange(10)}, progress=False)
            for t in ("int32", "float32", "float64", ">f8")
        ]
    for fit in fits:
        assert estimates(fit) == estimates(fits[-1])


def test_holes_are_missing(drawn: gp.Fit, counts: xr.Dataset) -> None:
    likelihood = drawn.log_likelihood()
    assert likelihood.dims == ("chain", "draw", "x", "t")
    holes = likelihood.isnull().any(["chain", "draw"])
    assert bool((holes == counts["y"].isnull()).all())
    short = counts["y"].to_series().dropna()
    assert short.to_xarray().isnull().sum() == 1


def test_several_coordinates_and_labels() -> None:
    y = xr.DataArray(
        np.sin(np.arange(12.0)).reshape(4, 3),
        dims=["year", "site"],
        coords={
            "year": [2000, 2001, 2002, 2003],
            "site": ["Évora", "Porto", "Faro"],
            "lon": ("site", [-7.9, -8.6, -7.9], {"units": "degrees_east"}),
            "lat": ("site", [38.6, 41.1, 37.0]),
        },
    )
    f = gp.Field("f", site="matern32(lon, lat, distance = great_circle)", year="matern32()")
    model = gp.Model(
        Gaussian(gp.Intercept(name="m") + f), response="y",
        axes={"site": ["site", "lon", "lat"], "year": "year"},
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        fit = model.fit(y, progress=False)
    assert "km" in str(fit.summary()["unit"].to_list())
    predicted = fit.predict(year=[2004.0])
    assert predicted["mean"].dims == ("site", "year")
    assert list(predicted["site"].values) == ["Évora", "Porto", "Faro"]
    assert "lon" in predicted.coords
    with pytest.raises(KeyError, match="needs its coordinates 'site', 'lon', 'lat'"):
        fit.predict(lon=[1.0])


def test_names_that_are_numbers_and_dates_that_are_text() -> None:
    y = xr.DataArray(
        np.sin(np.arange(12.0)).reshape(4, 3),
        dims=["day", "site"],
        coords={
            "day": ["01/03/2019", "02/03/2019", "03/03/2019", "05/03/2019"],
            "site": [7, 8, 1234567],
        },
        name="y",
    )
    site, day = gp.Axis("site", labels=True), gp.Axis("day", format="%d/%m/%Y")
    model = gp.Model(
        Gaussian(gp.Intercept() + gp.Field("f", site="white()", day="matern32()")),
        response="y",
        axes=[site, day],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        fit = model.fit(y, progress=False)
    predicted = fit.predict()
    assert list(predicted["site"].values) == ["7", "8", "1234567"]
    again = fit.predict(site=[1234567])["mean"].values[0]
    np.testing.assert_allclose(again, predicted["mean"].sel(site="1234567"))
    assert predicted["day"].values[-1] == np.datetime64("2019-03-05")
    with pytest.raises(ValueError, match='the data have no "9"; there are "7", "8", "1234567"'):
        fit.predict(site=["9"])


def test_times() -> None:
    time = pd.date_range("2020-01-01", periods=20, freq="6h")
    y = xr.DataArray(np.sin(np.arange(20.0)), coords={"time": time}, name="y")
    model = gp.Model(Gaussian(gp.Field("f", time="matern32()")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        fit = model.fit(y, progress=False)
    unit = fit.summary().loc["f.time.lengthscale", "unit"]
    assert unit in ("days", "days since 1970-01-01"), unit
    new = pd.date_range("2020-01-06", periods=3, freq="D")
    assert list(fit.predict(time=new)["time"].values) == list(new.values)
    assert fit.predict(time=["2020-01-06"])["mean"].equals(fit.predict(time=new[:1])["mean"])
    with pytest.raises(TypeError, match="is a time in the fit.*give times"):
        fit.predict(time=[1.0, 2.0])


def test_where_to_predict(mode: gp.Fit, sst: xr.DataArray) -> None:
    whole = mode.predict()
    assert whole["mean"].dims == ("year", "month") and whole["mean"].shape == sst.shape
    some = mode.predict(year=[1960, 1970])
    xr.testing.assert_allclose(some["mean"], whole["mean"].sel(year=[1960, 1970]))
    grid = xr.Dataset(coords={"year": [1960.0], "month": [1.5, 2.0]})
    assert mode.predict(grid)["mean"].shape == (1, 2)
    points = pd.DataFrame({"year": [1960.0, 1970.0], "month": [1.0, 2.0]})
    at = mode.predict(points)
    assert at["mean"].dims == ("point",) and list(at["month"].values) == [1.0, 2.0]
    wanted = [float(whole["mean"].sel(year=y, month=m)) for y, m in [(1960, 1), (1970, 2)]]
    np.testing.assert_allclose(at["mean"], wanted)
    track = xr.Dataset(coords={"year": ("obs", [1960.0]), "month": ("obs", [1.0])})
    assert mode.predict(track)["mean"].dims == ("obs",)
    with pytest.raises(KeyError, match="did you mean 'month'"):
        mode.predict(mnth=[1])
    with pytest.raises(TypeError, match="holds times here and numbers"):
        mode.predict(year=pd.date_range("2000-01-01", periods=2))
    with pytest.raises(TypeError, match="coordinates by name"):
        mode.predict([1, 2, 3])  # type: ignore[arg-type]


def test_covariates(drawn: gp.Fit, counts: xr.Dataset, small: gp.Model) -> None:
    with pytest.raises(ValueError, match='"w" is not known at t = 5, a point'):
        drawn.predict(t=[5.0, 6.0])
    later = drawn.predict(t=[5.0, 6.0], w=[16.0, 16.0])
    place = xr.Dataset({"w": ("t", [16.0, 16.0])}, coords={"t": [5.0, 6.0]})
    xr.testing.assert_equal(later, drawn.predict(place))
    with pytest.raises(ValueError, match='"w" is in "degF" here and was in "K"'):
        drawn.predict(place.assign(w=place["w"].assign_attrs(units="degF")))
    # Given apart, and in another order of the points.
    apart = counts["w"].isel(t=[4, 3, 2, 1, 0])
    text = small.describe(counts["y"], covariates={"w": apart})
    assert text == small.describe(counts)
    with pytest.raises(KeyError, match="no variable 'w', the covariate 'w'"):
        small.describe(counts["y"])
    with pytest.raises(ValueError, match="not known at t = 4.0"):
        small.describe(counts["y"], covariates={"w": counts["w"].isel(t=[0, 1, 2, 3])})
    with pytest.raises(TypeError, match="give a DataArray"):
        small.describe(counts["y"], covariates={"w": [1, 2, 3, 4, 5]})


def test_messages_name_the_way_out(elnino: gp.Model, sst: xr.DataArray) -> None:
    with pytest.raises(KeyError, match="no coordinate or dimension 'year'.*did you mean 'yaer'"):
        elnino.fit(sst.rename(year="yaer"))
    with pytest.raises(TypeError, match="the data are a list; give an xarray.DataArray"):
        elnino.fit([[1.0, 2.0]])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="an array needs its coordinates"):
        elnino.fit(sst.values)
    with pytest.raises(ValueError, match="has 2 dimensions.* names 1"):
        elnino.fit(sst.values, coords={"year": sst["year"].values})
    with pytest.raises(
        ValueError, match=r"has 1950 more than once, at positions 0 and 61.*drop_dup"
    ):
        elnino.fit(xr.concat([sst, sst], "year"))
    with pytest.raises(ValueError, match="each cell may occur once: average"):
        elnino.fit(pd.concat([sst.to_series(), sst.to_series()]))
    with pytest.raises(ValueError, match='dimension "level" with 2 points that is not an axis'):
        elnino.fit(sst.expand_dims(level=[1.0, 2.0]))
    with pytest.raises(KeyError, match="no variable 'sst'.*did you mean 'sst1'"):
        elnino.fit(sst.to_dataset(name="sst1"))
    with pytest.raises(TypeError, match="text|type"):
        elnino.fit(sst.astype(str))
    with pytest.raises(gp.ModelError, match="drawz"):
        elnino.fit(sst, drawz=10)
    with pytest.raises(gp.ModelError, match="hmc"):
        elnino.fit(sst, method="hmc")  # type: ignore[arg-type]


def test_units_must_agree(sst: xr.DataArray) -> None:
    y = sst.mean("month", keep_attrs=True).copy()
    y["year"] = y["year"].assign_attrs(units="km")
    model = gp.Model(Gaussian(gp.Intercept(Normal(23, 3)) + gp.Field("f", year="matern32()")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        fit = model.fit(y, progress=False)
    new = xr.DataArray([1.0], dims="year", attrs={"units": "m"})
    with pytest.raises(ValueError, match='"year" is in "m" but in "km" in the fit; convert it'):
        fit.predict(year=new)


def test_an_extra_dimension_is_selected_as_in_the_file(sst: xr.DataArray) -> None:
    cube = xr.concat([sst * 0, sst], pd.Index([850.0, 500.0], name="level"))
    model = gp.Model(
        Gaussian(gp.Field("f", year="matern32()", month="matern32()")),
        axes=["year", "month"], response="sst", sel={"level": 500, "year": slice(1960, 1969)},
    )  # fmt: skip
    assert "10 x 12 = 120 cells" in model.describe(cube)
    assert "1 x 12" in gp.Model.from_dict(model.to_dict() | {
        "data": model.to_dict()["data"] | {"sel": {"level": 500, "year": 1960}}
    }).describe(cube)  # fmt: skip
