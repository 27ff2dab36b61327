"""Models of Python objects say the same as model files."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import gridgp as gp
from gridgp.kernels import Constant, Matern32, White
from gridgp.likelihoods import GEV, Gaussian, Poisson
from gridgp.priors import Gamma, HalfNormal, LogNormal, Normal, TruncatedNormal

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def spain() -> gp.Model:
    station, year = gp.Axis("station", "lon", "lat"), gp.Axis("year")
    gmst = gp.Covariate("gmst", along="year", center=True)
    base = gp.Field(
        "base",
        station="matern32(lengthscale ~ log_normal(log(2), 0.5))",
        amplitude=LogNormal("log(2)/2", 0.25),
        center=station,
    )
    warming = gp.Field(
        "warming",
        station="matern32(lengthscale ~ log_normal(log(3), 0.5))",
        amplitude=LogNormal("log(0.2)/2", 0.25),
        center=station,
    )
    mu0 = gp.Intercept(Normal(35.67, 5), name="mu0")
    beta0 = gp.Parameter("beta0", Normal(1, 0.5))
    return gp.Model(
        GEV(
            location=mu0 + base(station) + (beta0 + warming(station)) * gmst,
            scale=gp.Parameter("sigma", LogNormal("log(2)", 0.4)),
            shape=gp.Parameter("xi", Normal(0.1, 0.1)),
        ),
        response="tmax",
        axes=[station, year],
        method="nuts",
        chains=4,
        tune=1000,
        draws=1000,
    )


def test_objects_say_what_the_file_says() -> None:
    written = gp.Model.from_toml(EXAMPLES / "spain/nuts.toml").to_dict()
    del written["data"]["file"]
    ours = gp.Model.from_toml(spain().to_toml()).to_dict()
    assert ours == written


def test_equations_print() -> None:
    text = str(spain())
    assert "tmax[station, year] ~ gev(location, scale, shape)" in text
    assert "location = mu0 + base + (beta0 + warming) * gmst" in text
    assert "base(station) ~ GP(0, amplitude^2 * [station: matern32(" in text
    assert "mu0 ~ normal(35.67, 5)" in text
    html = spain()._repr_html_()
    assert "<i>location</i>" in html and "&sim;" in html and "<script" not in html
    assert repr(spain()).startswith("<gridgp.Model\n")


def test_arithmetic_keeps_its_meaning() -> None:
    f, g = gp.Field("f", x="white()"), gp.Field("g", x="white()")
    a, w = gp.Parameter("a"), gp.Covariate("w")
    for expression, text in [
        (a + f * w, "a + f * w"),
        ((a + f) * w, "(a + f) * w"),
        (a - (f + g), "a - (f + g)"),
        (a - f - g, "a - f - g"),
        (2 * gp.exp(a + f), "2 * exp(a + f)"),
        (w * gp.exp(a), "w * exp(a)"),
        (-f + a, "(-1) * f + a"),
        (a + -2.5, "a + (-2.5)"),
        (1 - a, "1 - a"),
        (np.float64(0.1) * a, "0.1 * a"),
        (a + "w" * f, "a + w * f"),
        (gp.sqrt(a**2 + (2 * w) ** 2), "sqrt(a^2 + (2 * w)^2)"),
        (f * a**2 * w, "f * a^2 * w"),
        ((a**2) ** 3 - (-a) ** 2, "(a^2)^3 - ((-1) * a)^2"),
    ]:
        assert str(expression) == text
    for exponent in (0.5, -1, 17, True):
        with pytest.raises(ValueError, match="exponent"):
            a**exponent  # type: ignore[operator]
    with pytest.raises(TypeError, match="covariate"):
        a + np.arange(3.0)
    with pytest.raises(TypeError, match="Parameter"):
        f + Normal(0, 1)  # type: ignore[operator]


def test_negative_factors_are_read_back(counts: xr.Dataset) -> None:
    f = gp.Field("f", x="matern32(lengthscale = 2)")
    model = gp.Model(
        Poisson(rate=gp.exp(gp.Intercept(Normal(0, 1)) - 0.5 * f + -0.25)), axes=["x", "t"]
    )
    assert "exp" in model.describe(counts["y"])


def test_priors_are_text() -> None:
    assert str(Gamma(2, rate=2)) == "gamma(2, rate = 2)"
    assert str(TruncatedNormal(1, 0.5, lower=0.5)) == "truncated_normal(1, 0.5, lower = 0.5)"
    assert Normal(0, 1) == Normal(0.0, 1.0) and Normal(0, 1) != Normal(0, 2)
    assert len({Normal(0, 1), Normal(0, 1)}) == 1
    with pytest.raises(TypeError, match="either rate or scale"):
        Gamma(2)
    with pytest.raises(TypeError, match="number"):
        Normal([1], 2)  # type: ignore[arg-type]


def test_axes_and_response_may_come_from_the_data(sst: xr.DataArray) -> None:
    course = gp.Field("course", year="constant() + 0.25 * white()", month="matern32()")
    model = gp.Model(Gaussian(gp.Intercept(name="mean") + course))
    with pytest.raises(ValueError, match="response"):
        model.to_toml()
    assert model.describe(sst).startswith("sst[year, month]")
    # Dimensions in any order, where the model says the axes.
    ordered = gp.Model(Gaussian(gp.Intercept(name="mean") + course), axes=["year", "month"])
    assert ordered.describe(sst.transpose("month", "year")) == model.describe(sst)


def test_mistakes_are_told() -> None:
    f = gp.Field("f", x="matern32()")
    with pytest.raises(ValueError, match=r"lives on x, not on year; write f\(x\)"):
        f("year")
    with pytest.raises(TypeError, match="by the axis' name"):
        gp.Field("f", "matern32()")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="declared twice"):
        gp.Model(Gaussian(gp.Parameter("a", Normal(0, 1)) + gp.Parameter("a", Normal(0, 2))))
    with pytest.raises(gp.ModelError, match="did you mean matern32"):
        gp.Model(Gaussian(gp.Field("f", x="mattern32()")), response="y", axes=["x"]).describe(
            xr.DataArray(np.arange(5.0), dims="x")
        )
    with pytest.raises(gp.ModelError, match="did you mean"):
        gp.Model.from_toml("[data]\nrespones = 'y'\n")
    with pytest.raises(FileNotFoundError):
        gp.Model.from_toml("no_such_file.toml")
    with pytest.raises(gp.ModelError, match="chain"):
        gp.Model(Gaussian(f), response="y", axes=["x"], chian=2)
    with pytest.raises(TypeError, match="gridgp.likelihoods"):
        gp.Model(f)  # type: ignore[arg-type]


def test_models_pickle_copy_and_compare() -> None:
    file = gp.Model.from_toml(EXAMPLES / "elnino/model.toml")
    for model in (spain(), file):
        for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            assert again == model and again.to_toml() == model.to_toml()
    assert "# °C" in file.to_toml()
    assert gp.Model.from_dict(file.to_dict()) == file
    assert spain() != file


def test_a_parameter_inside_of_a_field_is_declared(counts: xr.Dataset) -> None:
    size = gp.Parameter("size", HalfNormal(2))
    f = gp.Field("f", x="matern32(lengthscale = 2)", amplitude=size)
    model = gp.Model(Poisson(rate=gp.exp(gp.Intercept(Normal(0, 1)) + f)), axes=["x", "t"])
    assert "size ~ half_normal(2)" in model.describe(counts["y"])


def test_kernel_objects_declare_their_parameters() -> None:
    deviation = gp.Parameter("deviation", HalfNormal(1))
    smoothness = gp.Parameter("smoothness", LogNormal("log(4)", 0.7))
    course = gp.Field(
        "course",
        year=Constant() + White().scaled(deviation),
        month=Matern32(lengthscale=smoothness),
        amplitude=gp.Parameter("cycle", HalfNormal(3)),
    )
    ours = gp.Model(
        Gaussian(
            gp.Intercept(Normal(23, 3), name="mean") + course, gp.Parameter("noise", HalfNormal(1))
        ),
        response="sst",
        axes=["year", "month"],
    ).to_dict()
    written = gp.Model.from_toml(EXAMPLES / "elnino/model.toml").to_dict()
    assert ours["fields"] == written["fields"]
    assert ours["parameters"] == written["parameters"]


def test_two_fields_and_known_errors_by_map() -> None:
    time = np.linspace(0, 6, 60)
    noise = np.random.default_rng(1).normal(0, 0.3, 60)
    y = 2 + 0.5 * time + 2 * np.sin(2 * np.pi * time) + noise
    data = xr.Dataset(
        {"y": ("time", y, {"units": "ppm"}), "error": ("time", np.where(time < 3, 0.1, 0.2))},
        coords={"time": time},
    )
    trend = gp.Field("trend", time="squared_exponential(lengthscale = 5)")
    season = gp.Field("season", time="periodic(period = 1, lengthscale = 1)")
    unknown = gp.Parameter("noise", HalfNormal(1))
    scale = gp.sqrt(unknown**2 + gp.Covariate("error") ** 2)
    model = gp.Model(
        Gaussian(gp.Intercept(name="level") + trend + season, scale=scale),
        response="y",
        axes=["time"],
    )
    told = model.describe(data["y"], covariates=data)
    assert "scale = sqrt(noise * noise + error * error)" in told
    assert "algebra dense" in told and "of one core" in told
    fit = model.fit(data["y"], covariates=data, progress=False)
    assert fit.details["converged"] and fit.details["algebra"] == "dense"
    assert "60 observed cells" in fit.details["algebra_detail"]
    found = fit.predict(only=["trend", "season", "trend + season"], draws=3, quantiles=[0.1])
    assert list(found.data_vars)[:4] == ["trend", "trend_sd", "trend_quantiles", "trend_draws"]
    whole = found["trend+season"]
    np.testing.assert_allclose(whole, found["trend"] + found["season"], rtol=0, atol=1e-8)
    assert whole.attrs["units"] == "ppm"
    assert not np.allclose(
        found["trend+season_sd"], np.hypot(found["trend_sd"], found["season_sd"])
    )
    np.testing.assert_allclose(found["season"], 2 * np.sin(2 * np.pi * time), atol=0.5)
    everything = fit.predict()
    assert {"mean", "sd", "sd_observation", "trend", "season"} <= set(everything)
    level = float(fit.summary().loc["level", "estimate"])
    np.testing.assert_allclose(everything["mean"], level + whole, rtol=0, atol=1e-8)
    # The noise of a new observation is that of the place.
    ratio = everything["sd_observation"] ** 2 - everything["sd"] ** 2
    estimate = float(fit.summary().loc["noise", "estimate"])
    np.testing.assert_allclose(ratio, estimate**2 + data["error"] ** 2, rtol=1e-6)
    with pytest.raises(ValueError, match="multiplies two fields"):
        fit.predict(only=["trend * season"])


def test_sums_of_fields_from_draws(drawn: gp.Fit) -> None:
    found = drawn.predict(only=["f", "2 * f - f * w"], draws=20)
    assert set(found) == {"f", "f_sd", "f_draws", *(f"2*f-f*w{end}" for end in ("", "_sd", "_draws"))}
    weight = 2 - (found["w"] if "w" in found else xr.DataArray([1.0, 2, 4, 8, 16], dims="t") - 6.2)
    np.testing.assert_allclose(
        found["2*f-f*w_draws"], found["f_draws"] * weight, rtol=0, atol=1e-12
    )


def test_an_isotropic_field_over_two_axes() -> None:
    lat, lon = np.linspace(40, 43, 24), np.linspace(0, 4, 32)
    course = np.sin(lat)[:, None] * np.cos(lon)[None, :]
    y = 3 + course + np.random.default_rng(4).normal(0, 0.1, course.shape)
    y[5:12, 8:15] = np.nan
    data = xr.DataArray(y, coords={"lat": lat, "lon": lon}, dims=["lat", "lon"], name="y")
    heat = gp.Field("heat", {"lat, lon": "matern1()"})
    model = gp.Model(Gaussian(gp.Intercept() + heat("lat", "lon")), response="y", axes=["lat", "lon"])
    again = gp.Model.from_toml(model.to_toml())
    assert again.to_dict()["fields"] == model.to_dict()["fields"]
    fit = model.fit(data, starts=2, progress=False)
    assert fit.details["converged"] and fit.details["algebra"] == "sparse"
    found = fit.predict(draws=2, seed=1)
    gap = found.isel(lat=slice(5, 12), lon=slice(8, 15))
    error = gap["mean"] - 3 - course[5:12, 8:15]
    assert float((np.abs(error) < 4 * gap["sd"]).mean()) > 0.9
    between = fit.predict({"lat": [41.03], "lon": [2.01]})
    assert abs(between["mean"].item() - 3 - np.sin(41.03) * np.cos(2.01)) < 0.2
    area = fit.aggregate(over=["lat", "lon"])
    np.testing.assert_allclose(area["mean"], found["mean"].mean(), rtol=1e-9)
    with pytest.raises(ValueError, match="asked for beyond"):
        fit.predict({"lat": [50.0], "lon": [2.0]})
    with pytest.raises(gp.ModelError, match="over two axes together"):
        model.fit(data, method="nuts", progress=False)
