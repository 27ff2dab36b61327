"""Numbers of NumPy, pandas, xarray and Python in every form give the same, or a word about it."""

from __future__ import annotations

import datetime
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import gridgp as gp
from gridgp import _values, extremes
from gridgp.distributions import Gaussian as Normal
from gridgp.distributions import KroneckerNormal
from gridgp.kernels import Matern32, Monomial, White
from gridgp.likelihoods import Gaussian, StudentT
from gridgp.operators import Dense, Diagonal, Identity, Masked, Toeplitz

NUMBERS = np.array([3.0, 1.0, 4.0, 1.5, 5.0])
FROZEN = NUMBERS.copy()
FROZEN.flags.writeable = False
FORMS: dict[str, Any] = {
    "a list": list(NUMBERS),
    "a tuple": tuple(NUMBERS),
    "float32": NUMBERS.astype("f4"),
    "float16": NUMBERS.astype("f2"),
    "long double": NUMBERS.astype(np.longdouble),
    "big-endian": NUMBERS.astype(">f8"),
    "read-only": FROZEN,
    "every second": np.repeat(NUMBERS, 2)[::2],
    "backwards": NUMBERS[::-1].copy()[::-1],
    "objects": NUMBERS.astype(object),
    "decimals": [Decimal(str(v)) for v in NUMBERS],
    "masked nowhere": np.ma.masked_array(NUMBERS, [False] * 5),
    "a Series": pd.Series(NUMBERS, index=range(5, 0, -1)),
    "an Index": pd.Index(NUMBERS),
    "Float64": pd.array(NUMBERS, dtype="Float64"),
    "a DataArray": xr.DataArray(NUMBERS, dims="x"),
    "dask": xr.DataArray(NUMBERS, dims="x").chunk(2),
}
ASK: dict[str, Callable[[Any], Any]] = {
    "logpdf": lambda x: Normal(0.0, 2.0).logpdf(x),
    "a parameter": lambda x: Normal(x, 2.0).mean(),
    "gram": lambda x: Matern32(lengthscale=2.0).gram(x),
    "lengthscales": lambda x: Matern32(lengthscale=x).gram(np.eye(5)),
    "by name": lambda x: (White("t") + Matern32("t", lengthscale=1.0)).gram({"t": x}),
    "apply": lambda x: Toeplitz([3.0, 1.0, 0.5, 0.2, 0.1]).apply(x),
    "solve": lambda x: Dense(np.eye(5) * 2).solve(x),
    "diagonal": lambda x: Diagonal(x).log_det(),
    "cg": lambda x: Diagonal([1.0, 2.0, 3.0, 4.0, 5.0]).cg(x).x,
    "KroneckerNormal": lambda x: KroneckerNormal(x, [np.eye(5)], 0.5).logpdf(np.zeros(5)),
    "values of it": lambda x: KroneckerNormal(0.0, [np.eye(5)], 0.5).logpdf(x),
    "return_level": lambda x: extremes.return_level(10.0, 1.0, 0.1, np.asarray(x, float) + 1),
    "location": lambda x: extremes.return_level(list(x), 1.0, 0.1, 10.0),
    "decluster": lambda x: extremes.decluster(np.asarray(x, float), 2.0).value,
    "threshold": lambda x: extremes.quantile_threshold(x, 0.5),
    "observations": lambda x: extremes.gev_observations(x, 1.0, 1.0, 0.1, [0.0, 1.0], seed=1),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ask", ASK)
def test_every_form_of_numbers_gives_the_same(form: str, ask: str) -> None:
    np.testing.assert_array_equal(ASK[ask](FORMS[form]), ASK[ask](NUMBERS))


# Lists of names are lengthscales as well, and a few take NumPy's numbers above.
@pytest.mark.parametrize(
    "ask", sorted(ASK.keys() - {"return_level", "location", "decluster", "lengthscales"})
)
@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (["3", "1", "4", "1", "5"], "text|label|White"),
        (NUMBERS + 1j, "complex"),
        (pd.date_range("2020", periods=5), "times"),
        (pd.to_timedelta(NUMBERS, "D"), "time spans|times"),
        ([1.0, None, "x", 2.0, 3.0], "'x' at position 2"),
        ([[1.0], [1.0, 2.0]], "rows differ in length"),
    ],
    ids=["text", "complex", "times", "spans", "mixture", "ragged"],
)
def test_what_is_no_number_is_refused_with_a_word(ask: str, wrong: Any, word: str) -> None:
    if ask == "by name" and isinstance(wrong, list) and wrong[0] == "3":
        pytest.skip("labels are points")
    with pytest.raises((TypeError, ValueError), match=word):
        ASK[ask](wrong)


def test_what_is_masked_or_missing_is_not_a_number() -> None:
    hidden = np.ma.masked_array([3.0, 999.0], [False, True])
    missing = np.array([3.0, np.nan])
    for values in (hidden, pd.array([3, None], dtype="Int64"), [3, None], [Decimal(3), pd.NA]):
        np.testing.assert_array_equal(_values.numbers(values, "x"), missing)
    with pytest.raises(ValueError, match="NaN at point 1"):
        Matern32(lengthscale=1.0).gram(hidden)
    np.testing.assert_array_equal(np.isnan(Normal(hidden, 1.0).logpdf(3.0)), [False, True])


def test_times_in_any_form() -> None:
    naive = pd.date_range("2020-03-01T23:00", periods=3, freq="D")
    lisbon = naive.tz_localize("UTC").tz_convert("Europe/Lisbon")
    forms = {
        "zone": lisbon,
        "UTC": naive.tz_localize("UTC"),
        "Timestamps": list(naive),
        "of Python": naive.to_pydatetime(),
        "with a zone": lisbon.to_pydatetime(),
        "masked": np.ma.masked_array(naive.to_numpy(), [False] * 3),
    }
    for name, form in forms.items():
        plain = _values.plain(form, "t")
        assert plain.dtype.kind == "M", name
        np.testing.assert_array_equal(plain, naive.to_numpy())
    months = pd.period_range("2020-01", periods=3, freq="M")
    first = np.array(["2020-01-01", "2020-02-01", "2020-03-01"], "datetime64[D]")
    np.testing.assert_array_equal(_values.plain(months, "t"), first)
    days = [datetime.date(2020, m, 1) for m in (1, 2, 3)]
    np.testing.assert_array_equal(_values.plain(days, "t"), first)
    with pytest.raises(TypeError, match="with and without a time zone"):
        _values.plain([naive[0], lisbon[0]], "t")


@pytest.fixture(scope="module")
def line() -> tuple[gp.Model, xr.DataArray]:
    y = xr.DataArray(np.sin(np.arange(12.0)), dims="x", name="y")
    return gp.Model(Gaussian(gp.Intercept(0.0) + gp.Field("f", x=Matern32()))), y


def fitted(model: gp.Model, y: Any, **settings: Any) -> gp.Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gp.FitWarning)
        return model.fit(y, progress=False, **settings)


def test_settings_of_numpy(line: tuple[gp.Model, xr.DataArray], tmp_path: Path) -> None:
    model, y = line
    own = {"method": "nuts", "seed": 3, "chains": 1, "tune": 20, "draws": 10}
    wanted = fitted(model, y, **own, target_accept=0.75)
    for changes in (
        {"draws": np.int64(10), "tune": np.uint8(20), "chains": np.array(1)},
        {"draws": 10.0, "tune": 2e1, "seed": np.int32(3)},
        {"target_accept": np.float32(0.75), "method": np.str_("nuts")},
        {"draws": xr.DataArray(10), "log": tmp_path / "log", "resume": np.bool_(False)},
    ):
        found = fitted(model, y, **(own | {"target_accept": 0.75} | changes))
        xr.testing.assert_equal(found.draws, wanted.draws)
        assert found.model == wanted.model
    held = gp.Model(
        Gaussian(gp.Intercept(np.float32(0.0)) + gp.Field("f", x=Matern32())),
        **{key: np.array(value)[()] for key, value in own.items()},
        target_accept=np.float64(0.75),
    )
    xr.testing.assert_equal(fitted(held, y).draws, wanted.draws)
    xr.testing.assert_equal(fitted(gp.Model.from_dict(held.to_dict()), y).draws, wanted.draws)


def test_settings_that_are_none_are_told(line: tuple[gp.Model, xr.DataArray]) -> None:
    model, y = line
    for changes, word in (
        ({"draws": 2.5}, "2.5"),
        ({"draws": float("nan")}, "draws is nan; give a finite number"),
        ({"draws": object()}, "draws is a object"),
        ({"seed": -1}, "the seed is -1"),
        ({"seed": "one"}, "the seed is 'one'"),
        ({"tune": -1}, "inference.tune: invalid value: integer `-1`"),
        ({"chains": True}, "inference.chains: invalid type: boolean"),
    ):
        with pytest.raises((TypeError, ValueError), match=word):
            fitted(model, y, **({"method": "nuts"} | changes))


def test_generators_are_seeds(line: tuple[gp.Model, xr.DataArray]) -> None:
    model, y = line
    same = [fitted(model, y, seed=np.random.default_rng(5)) for _ in range(2)]
    assert same[0].seed == same[1].seed != fitted(model, y).seed
    for draw in (
        lambda s: Normal(0.0, 1.0).rvs(3, seed=s),
        lambda s: Diagonal([1.0, 2.0]).sample(s),
        lambda s: KroneckerNormal(0.0, [np.eye(2)]).rvs(seed=s),
        lambda s: extremes.gmst(3, extremes.Linear(0.1), sd=1.0, seed=s),
        lambda s: model.prior(y, draws=3, seed=s).draws["f"],
        lambda s: same[0].predict(draws=2, seed=s)["draws"],
    ):
        first = np.asarray(draw(np.random.default_rng(1)))
        np.testing.assert_array_equal(first, draw(np.random.default_rng(1)))
        assert not np.array_equal(first, draw(np.random.default_rng(2)))
        np.testing.assert_array_equal(draw(np.int64(7)), draw(7))
        for wrong in (-1, 2**64):
            with pytest.raises(ValueError, match=r"give one from 0 to 2\*\*64"):
                draw(wrong)
        for wrong in (1.5, True, "7"):
            with pytest.raises(TypeError, match=r"the seed is .*give a whole number"):
                draw(wrong)


def test_counts_are_whole_numbers(line: tuple[gp.Model, xr.DataArray]) -> None:
    fit = fitted(*line)
    assert fit.predict(draws=np.int64(3)).sizes["draw"] == 3
    assert Normal(0.0, 1.0).rvs(np.int64(3), seed=1).shape == (3,)
    assert Normal(0.0, 1.0).rvs(np.array([2, 3]), seed=1).shape == (2, 3)
    assert Identity(np.int64(3)).shape == (3, 3) == Identity(3.0).shape  # type: ignore[arg-type]
    assert Monomial(degree=np.int64(2)) == Monomial(degree=2)
    assert Matern32(np.int64(0), lengthscale=1) == Matern32(0, lengthscale=1)  # type: ignore[arg-type]
    for wrong in (
        lambda: fit.predict(draws=-1),
        lambda: fit.predict(draws=1.5),  # type: ignore[arg-type]
        lambda: Normal(0.0, 1.0).rvs(-3, seed=1),
        lambda: Identity(-1),
        lambda: Diagonal([1.0]).sample(1, 0.5),  # type: ignore[arg-type]
        lambda: extremes.decluster([1.0, 2.0], 0.5, run=-1),
        lambda: KroneckerNormal(0.0, [np.eye(2)]).marginal(-1, [0]),
    ):
        with pytest.raises((TypeError, ValueError), match="give a whole number"):
            wrong()


def test_arguments_of_another_kind_are_told(line: tuple[gp.Model, xr.DataArray]) -> None:
    model, y = line
    fit = fitted(model, y)
    asks: list[tuple[Callable[[], Any], str]] = [
        (lambda: fit.predict(only=5), "only is a list of quantities"),  # type: ignore[arg-type]
        (lambda: fit.predict(quantiles=np.float32(0.5)), "quantiles is a list"),  # type: ignore[arg-type]
        (lambda: fit.return_levels(scenarios=[1.2]), "scenarios is a list; give a dictionary"),  # type: ignore[arg-type]
        (lambda: fit.return_levels(scenarios={"now": 1.2}), "each of scenarios is a float"),  # type: ignore[dict-item]
        (lambda: model.fit(y.values, coords=[y["x"]]), "coords is a list; give a dictionary"),  # type: ignore[arg-type]
        (lambda: model.fit(y, covariates=[1.0]), "the covariates are a list; give them by name"),  # type: ignore[arg-type]
        (lambda: gp.Model(Gaussian(gp.Intercept()), sel=[1990]), "sel is a list; give a dictionary"),  # type: ignore[arg-type]
    ]
    for ask, word in asks:
        with pytest.raises(TypeError, match=word):
            ask()


def test_a_mask_is_made_of_booleans() -> None:
    a = Dense(np.diag([1.0, 2.0, 3.0]))
    assert Masked(a, [True, False, True]).shape == (2, 2)
    with pytest.raises(TypeError, match="give a boolean for each row"):
        Masked(a, [0, 1, 2])


def test_blocks_are_whole_numbers() -> None:
    series = xr.DataArray([1.0, 2.0, 3.0], coords={"time": pd.date_range("2020", periods=3)})
    assert extremes.block_maxima(series, blocks=[1.0, 1.0, 2.0]).values.tolist() == [2.0, 3.0]
    for wrong in ([1.5, 1.0, 2.0], [1.0, np.nan, 2.0]):
        with pytest.raises((TypeError, ValueError), match="whole numbers"):
            extremes.block_maxima(series, blocks=wrong)


def test_numbers_in_equations_and_priors() -> None:
    for number in (np.float32(4.0), np.int64(4), np.array(4.0), xr.DataArray(4), Decimal(4), 4):
        likelihood = StudentT(gp.Intercept(number), df=number, scale=number)
        assert gp.Model(likelihood).to_dict()["likelihood"]["df"] == 4.0
        assert str(gp.priors.Normal(number, number)) == "normal(4, 4)"
    for wrong in ("nan", "inf"):
        with pytest.raises(ValueError, match="give a finite number"):
            gp.priors.Normal(0, float(wrong))


def test_the_response_in_every_form(line: tuple[gp.Model, xr.DataArray]) -> None:
    model, y = line
    wanted = fitted(model, y).details["log_posterior"]
    x = {"x": np.arange(12.0)}
    for same in (y.astype(object), y.astype(">f8"), y.copy(data=np.repeat(y.values, 2)[::2])):
        assert fitted(model, same).details["log_posterior"] == wanted
    for array in (
        list(y.values),
        y.values.astype(object),
        np.ma.masked_array(y.values),
        np.asfortranarray(y.values),
    ):
        assert fitted(model, array, coords=x).details["log_posterior"] == wanted
    gap = y.where(y["x"] != 3)
    wanted = fitted(model, gap).details["log_posterior"]
    for array in (
        np.ma.masked_array(y.values, np.arange(12) == 3),
        [None if k == 3 else float(v) for k, v in enumerate(y.values)],
    ):
        assert fitted(model, array, coords=x, dims="x").details["log_posterior"] == wanted
    series = pd.Series(gap.values, index=pd.Index(range(12), name="x"), dtype="Float64", name="y")
    assert fitted(model, series).details["log_posterior"] == wanted
    with pytest.raises(TypeError, match=r"y holds 'n/a' at position 0; .*to_numeric"):
        fitted(model, y.astype(object).where(y["x"] != 0, "n/a"))
