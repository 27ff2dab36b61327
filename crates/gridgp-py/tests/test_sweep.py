"""Everything public, with odd values in each argument: an answer or a refusal in words, never a panic."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import gridgp as gp
from gridgp import distributions, extremes, kernels, operators
from gridgp.kernels import Matern32
from gridgp.likelihoods import Gaussian

ODD: dict[str, Any] = {
    "nan": np.nan,
    "inf": np.inf,
    "-inf": -np.inf,
    "none": [],
    "0": 0.0,
    "-1": -1.0,
    "smallest": 5e-324,
    "largest": 1e308,
    "3": 3,
    "no rows": np.zeros((0, 2)),
    "no columns": np.zeros((2, 0)),
    "three dimensions": np.zeros((2, 2, 2)),
    "a nan": [np.nan, 1.0],
    "one": [1.0],
    "two": [1.0, 2.0],
    "identity": np.eye(2),
    "asymmetric": [[1.0, 2.0], [3.0, 4.0]],
    "negative": -np.eye(2),
    "a nan in it": [[np.nan, 1.0], [1.0, 2.0]],
    "an inf in it": [[np.inf, 1.0], [1.0, 2.0]],
    "None": None,
    "text": "abc",
    "a set": {1, 2},
    "a dictionary": {},
}
REFUSALS = (ValueError, TypeError, KeyError, MemoryError, RuntimeError, OSError, IsADirectoryError)


def ask(f: Callable[[], Any], *what: object) -> Any:
    """The answer; None for a refusal. Anything else fails."""
    try:
        return f()
    except REFUSALS as refusal:
        words = str(refusal)
        assert words and "bug of gridgp" not in words, (*what, words)
        return None


def signature(f: Any) -> list[str]:
    return [p for p in inspect.signature(f).parameters if p != "self"]


def classes(module: Any, of: type) -> Iterator[tuple[str, Any]]:
    for name in module.__all__:
        found = getattr(module, name)
        if inspect.isclass(found) and issubclass(found, of) and found is not of:
            yield name, found


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_distributions() -> None:
    from gridgp.distributions._family import Distribution

    for name, family in classes(distributions, Distribution):
        if not hasattr(family, "family"):
            continue
        parameters = signature(family.__init__)
        tries = itertools.product((0.5, 2.0, -0.5, None), repeat=len(parameters))
        found = (ask(lambda: family(**dict(zip(parameters, t, strict=True)))) for t in tries)  # noqa: B023
        law = next(law for law in found if law is not None)
        for odd, value in ODD.items():
            ask(lambda: family(**dict.fromkeys(parameters, value)), name, odd)  # noqa: B023
            for method in ("log_prob", "log_prob_gradient", "cdf", "sf", "ppf", "isf", "interval"):
                ask(lambda: getattr(law, method)(value), name, method, odd)  # noqa: B023
            ask(lambda: law.rvs(value, seed=1), name, "rvs", odd)  # noqa: B023


def test_operators() -> None:
    made = []
    for name, structure in classes(operators, operators.Operator):
        needed = [
            p
            for p, about in inspect.signature(structure.__init__).parameters.items()
            if p != "self" and about.default is about.empty
        ]
        for odd in itertools.product(ODD, repeat=len(needed)):
            found = ask(lambda: structure(*(ODD[o] for o in odd)), name, odd)  # noqa: B023
            if found is not None:
                made.append((f"{name}{odd}", found))
        for odd, value in ODD.items():
            rest = [ODD["two"]] * (len(needed) - 1)
            found = ask(lambda: structure([value], *rest), name, odd)  # noqa: B023
            if found is not None:
                made.append((f"{name}([{odd}])", found))
    assert len(made) > 80
    alone = ["log_det", "slogdet", "diagonal", "trace", "eigen", "cholesky", "root", "to_dense"]
    alone += ["inverse", "lanczos_log_det"]
    with_one = ["apply", "apply_transpose", "solve", "solve_transpose", "cg", "quadratic_form"]
    for name, a in made:
        for method in alone:
            ask(lambda: getattr(a, method)(), name, method)  # noqa: B023
        for odd in ("nan", "none", "two", "a nan", "no rows", "no columns", "identity", "largest"):
            for method in with_one:
                ask(lambda: getattr(a, method)(ODD[odd]), name, method, odd)  # noqa: B023
        ask(lambda: a.sample(1, 2), name, "sample")  # noqa: B023
        ask(lambda: a.T.to_dense(), name, "T")  # noqa: B023
        ask(lambda: (a + a).to_dense(), name, "+")  # noqa: B023
        ask(lambda: (a @ a).to_dense(), name, "@")  # noqa: B023


def test_kronecker_normal() -> None:
    for odd, other in itertools.product(ODD, repeat=2):
        ask(lambda: distributions.KroneckerNormal(ODD[odd], [ODD[other]]).rvs(seed=1), odd, other)  # noqa: B023
        ask(lambda: distributions.KroneckerNormal(0.0, [ODD[other]], ODD[odd]), odd, other)  # noqa: B023
    for noise in (0.0, 0.1):
        law = distributions.KroneckerNormal(0.0, [np.eye(2), np.eye(3)], noise)
        for odd, value in ODD.items():
            for method in ("logpdf", "gradient", "factor", "kl_divergence"):
                ask(lambda: getattr(law, method)(value), method, odd)  # noqa: B023
            ask(lambda: law.marginal(0, value), "marginal", odd)  # noqa: B023
            ask(lambda: law.marginal(value, [0]), "marginal", odd)  # noqa: B023
            ask(lambda: law.conditional(0, [0], value), "conditional", odd)  # noqa: B023
            ask(lambda: law.conditional(0, value, [1.0, 2.0, 3.0]), "conditional", odd)  # noqa: B023


def test_kernels() -> None:
    for name, kernel in classes(kernels, kernels.Kernel):
        if name in ("Sum", "Product", "Scaled"):
            continue
        needed = {"degree": 2} if name in ("Polynomial", "Monomial") else {}
        needed |= {"weights": [[1.0], [0.5]]} if name == "Coregionalization" else {}
        names = [p for p in signature(kernel.__init__) if p != "coordinates"]
        for parameter, (odd, value) in itertools.product(names, ODD.items()):
            ask(lambda: kernel(**needed | {parameter: value}).gram([0.0, 1.0]), name, parameter, odd)  # noqa: B023
        numbers = dict.fromkeys(kernel(**needed).parameter_names, 1.0)
        k = ask(lambda: kernel(**needed).at(**numbers), name)  # noqa: B023
        for odd, value in ODD.items():
            for method in ("gram", "diagonal", "features"):
                ask(lambda: getattr(k, method)(value), name, method, odd)  # noqa: B023
            for other in ("two", "identity", "none", "no rows"):
                ask(lambda: k.cross(value, ODD[other]), name, "cross", odd, other)  # noqa: B023
            ask(lambda: k.gram_vjp([0.0, 1.0], value), name, "gram_vjp", odd)  # noqa: B023


def test_extremes() -> None:
    series = xr.DataArray(np.arange(731.0), {"time": pd.date_range("2000-01-01", periods=731)})
    linear = extremes.Linear(0.1)
    calls: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (extremes.block_maxima, {"series": series, "dim": "time", "coverage": 0.9, "begins": 1, "blocks": None}),
        (extremes.decluster, {"series": [1.0, 3.0, 2.0], "threshold": 1.5, "run": 1}),
        (extremes.quantile_threshold, {"series": [1.0, 3.0, 2.0], "q": 0.5}),
        (extremes.gmst, {"years": 5, "warming": linear, "sd": 0.1, "correlation": 0.5, "seed": 1}),
        (extremes.spatial_field, {"kernel": Matern32(lengthscale=1.0), "points": [0.0, 1.0], "amplitude": 1.0, "seed": 1}),
        (extremes.gev_observations, {"location": 1.0, "slope": 1.0, "scale": 1.0, "shape": 0.1, "gmst": [0.0, 1.0], "seed": 1}),
        (extremes.simulate, {"seed": 1, "stations": 3, "years": range(3), "lon": (0.0, 1.0), "gmst_sd": 0.1, "gmst_correlation": 0.5, "location": extremes.Varying(1.0), "year_amplitude": 0.1, "year_lengthscale": 2.0}),
    ]  # fmt: skip
    three = {"location": [1.0, 2.0], "scale": 1.0, "shape": 0.1}
    for name in ("return_level", "return_period", "exceedance", "exceedance_over", "design_life_level",
                 "equivalent_reliability_level", "expected_exceedances_level"):  # fmt: skip
        f = getattr(extremes, name)
        last = signature(f)[3]
        calls.append((f, three | {last: 0.1 if last == "risk" else 10.0}))
    for f, arguments in calls:
        assert ask(lambda: f(**arguments), f) is not None  # noqa: B023
        for key, (odd, value) in itertools.product(arguments, ODD.items()):
            ask(lambda: f(**arguments | {key: value}), f.__name__, key, odd)  # noqa: B023


def test_models_and_fits() -> None:
    x = np.arange(12.0)
    y = xr.DataArray(np.sin(x) + 0.1 * np.cos(9 * x), dims="x", name="y")
    model = gp.Model(Gaussian(gp.Intercept() + gp.Field("f", x=Matern32())))
    own = {"data": y, "starts": 1, "tune": 5, "draws": 5, "chains": 1, "progress": False}
    names = ["data", "covariates", "coords", "dims", "method", "seed", "starts", "log"]
    density = model.log_density(y)
    for odd, value in ODD.items():
        for key in names:
            ask(lambda: model.fit(**own | {key: value}), "fit", key, odd)  # noqa: B023
        for key in ("tune", "draws", "target_accept", "seed"):
            ask(lambda: model.fit(**own | {"method": "nuts", key: value}), "nuts", key, odd)  # noqa: B023
        ask(lambda: model.prior(y, draws=value), "prior", odd)  # noqa: B023
        ask(lambda: density(value), "density", odd)  # noqa: B023
        ask(lambda: model.log_density(y, route=value), "route", odd)  # noqa: B023
        ask(lambda: gp.load(value), "load", odd)  # noqa: B023
        ask(lambda: gp.Model.from_toml(value), "from_toml", odd)  # noqa: B023
        ask(lambda: gp.Model.from_dict(value), "from_dict", odd)  # noqa: B023
    for fit in (
        model.fit(y, progress=False),
        model.fit(y, progress=False, method="laplace", draws=30),
    ):
        for odd, value in ODD.items():
            for key in ("quantiles", "draws", "only", "seed", "x", "at"):
                ask(lambda: fit.predict(**{key: value}), "predict", key, odd)  # noqa: B023
            for key in ("period", "exceed", "scenarios", "quantiles", "seed", "x"):
                ask(lambda: fit.return_levels(**{key: value}), "return_levels", key, odd)  # noqa: B023
            ask(lambda: fit.sample_posterior_predictive(x=value), "new observations", odd)  # noqa: B023
