"""Kernels against formulas written out in NumPy, and as expressions."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from gridgp.kernels import (
    Constant,
    Coregionalization,
    Cosine,
    Kernel,
    Linear,
    Matern12,
    Matern32,
    Matern52,
    Monomial,
    Periodic,
    Polynomial,
    RationalQuadratic,
    SquaredExponential,
    White,
)
from numpy.typing import NDArray

Float = NDArray[np.float64]
LINE = np.array([0.3, -1.2, 2.5, 0.30001, 7.0])
OTHER = np.array([0.3, 4.0])
PLANE = np.array([[0.0, 1.0], [2.0, -1.0], [0.5, 0.5], [3.0, 2.0]])


def distance(x: Float, y: Float) -> Float:
    return np.asarray(np.linalg.norm(x[:, None, :] - y[None, :, :], axis=-1))


def matern32(r: Float) -> Float:
    return np.asarray((1 + np.sqrt(3) * r) * np.exp(-np.sqrt(3) * r))


# Name, kernel, and k(x, y) of two points as numbers.
CASES: list[tuple[Kernel, Callable[[Any, Any], Any]]] = [
    (SquaredExponential(lengthscale=1.7), lambda x, y: np.exp(-((x - y) ** 2) / (2 * 1.7**2))),
    (Matern12(lengthscale=1.7), lambda x, y: np.exp(-abs(x - y) / 1.7)),
    (Matern32(lengthscale=1.7), lambda x, y: matern32(abs(x - y) / 1.7)),
    (
        Matern52(lengthscale=0.6),
        lambda x, y: (1 + (s := np.sqrt(5) * abs(x - y) / 0.6) + s**2 / 3) * np.exp(-s),
    ),
    (
        RationalQuadratic(lengthscale=1.3, alpha=0.8),
        lambda x, y: (1 + (x - y) ** 2 / (2 * 0.8 * 1.3**2)) ** -0.8,
    ),
    (
        Periodic(period=2.2, lengthscale=0.9),
        lambda x, y: np.exp(-2 * np.sin(np.pi * (x - y) / 2.2) ** 2 / 0.9**2),
    ),
    (Cosine(period=2.2), lambda x, y: np.cos(2 * np.pi * (x - y) / 2.2)),
    (Linear(center=0.4), lambda x, y: (x - 0.4) * (y - 0.4)),
    (Polynomial(degree=3, offset=0.5), lambda x, y: (x * y + 0.5) ** 3),
    (Monomial(degree=2), lambda x, y: (x * y) ** 2),
    (Constant(), lambda x, y: 1.0 + 0 * x * y),
    (White(), lambda x, y: 1.0 * (x == y)),
    (
        4.0 * Matern32(lengthscale=2.0) + 0.25 * White(),
        lambda x, y: 4 * matern32(abs(x - y) / 2) + 0.25 * (x == y),
    ),
    (
        (Constant() + Linear(center=1.0)) * Cosine(period=3.0),
        lambda x, y: (1 + (x - 1) * (y - 1)) * np.cos(2 * np.pi * (x - y) / 3),
    ),
    (
        Cosine(period=3.0) * (Matern32(lengthscale=1.0) * Constant()).scaled(1.5),
        lambda x, y: 2.25 * matern32(abs(x - y)) * np.cos(2 * np.pi * (x - y) / 3),
    ),
]


@pytest.mark.parametrize(("kernel", "formula"), CASES, ids=[str(k) for k, _ in CASES])
def test_values_are_those_of_the_formula(
    kernel: Kernel, formula: Callable[[Any, Any], Any]
) -> None:
    gram, cross = kernel.gram(LINE), kernel.cross(LINE, OTHER)
    close: dict[str, Any] = {"rtol": 1e-13, "atol": 1e-13}
    np.testing.assert_allclose(gram, formula(LINE[:, None], LINE[None, :]), **close)
    np.testing.assert_allclose(cross, formula(LINE[:, None], OTHER[None, :]), **close)
    np.testing.assert_allclose(kernel.diagonal(LINE), np.diag(gram), **close)
    np.testing.assert_array_equal(gram, gram.T)
    features = kernel.features(LINE)
    if features is not None:
        np.testing.assert_allclose(features @ features.T, gram, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("kernel", "formula"), CASES, ids=[str(k) for k, _ in CASES])
def test_the_pullback_is_the_derivative(kernel: Kernel, formula: Callable[[Any, Any], Any]) -> None:
    bar = np.random.default_rng(1).normal(size=(len(LINE), len(LINE)))
    found = kernel.gram_vjp(LINE, bar)
    slots = {"period", "lengthscale", "alpha", "center", "offset"}
    names = [name for name in found if name in slots and len(found[name]) == 1]
    for name in names:

        def value(number: float, name: str = name) -> float:
            replaced = kernel._replaced(lambda slot, q: number if slot == name else q)
            return float(np.sum(bar * replaced.gram(LINE)))

        at = next(
            q for leaf in _leaves(kernel) for slot, q in leaf.arguments.items() if slot == name
        )
        step = 1e-5
        slope = (value(at + step) - value(at - step)) / (2 * step)
        np.testing.assert_allclose(found[name][0], slope, rtol=1e-6, atol=1e-7)


def _leaves(kernel: Any) -> list[Any]:
    if hasattr(kernel, "left"):
        return _leaves(kernel.left) + _leaves(kernel.right)
    return _leaves(kernel.kernel) if hasattr(kernel, "kernel") else [kernel]


def test_several_coordinates() -> None:
    r = distance(PLANE, PLANE)
    np.testing.assert_allclose(Matern32(lengthscale=2.0).gram(PLANE), matern32(r / 2), rtol=1e-14)
    scaled = PLANE / np.array([2.0, 0.5])
    own = Matern32(lengthscale=[2.0, 0.5]).gram(PLANE)
    np.testing.assert_allclose(own, matern32(distance(scaled, scaled)), rtol=1e-13)
    second = np.abs(PLANE[:, 1, None] - PLANE[None, :, 1])
    np.testing.assert_allclose(Matern32(1, lengthscale=2.0).gram(PLANE), matern32(second / 2))
    centered = PLANE - np.array([1.0, -1.0])
    np.testing.assert_allclose(Linear(center=[1.0, -1.0]).gram(PLANE), centered @ centered.T)
    np.testing.assert_allclose(
        Polynomial(degree=2, offset=1.0).gram(PLANE), (PLANE @ PLANE.T + 1.0) ** 2
    )


def test_coordinates_by_name() -> None:
    lon, lat = np.array([-3.7, 2.17, -9.1]), np.array([40.42, 41.39, 38.7])
    kernel = Matern32("lon", "lat", lengthscale=300.0, distance="great_circle") * Matern12(
        "height", lengthscale=500.0
    )
    height = np.array([650.0, 10.0, 20.0])
    named = {"height": height, "lat": lat, "lon": lon}
    a, b = np.radians(lat), np.radians(lon)
    xyz = 6371.0088 * np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=1)
    expected = matern32(distance(xyz, xyz) / 300) * np.exp(
        -np.abs(height[:, None] - height[None, :]) / 500
    )
    in_dims = {k: ("s", v) for k, v in named.items()}
    stations = xr.Dataset({"t": ("year", [1.0])}, coords=in_dims)
    for points in (named, pd.DataFrame(named), xr.Dataset(in_dims), stations):
        np.testing.assert_allclose(kernel.gram(points), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="'lon'.*an array without names.*give them by name"):
        kernel.gram(np.stack([lon, lat, height], axis=1))


def test_labels() -> None:
    weights, kappa = np.array([[1.0, 0.2], [0.5, -1.0], [0.0, 0.3]]), np.array([0.1, 0.2, 0.3])
    matrix = weights @ weights.T + np.diag(kappa)
    by_number = Coregionalization(weights=weights, kappa=kappa)
    np.testing.assert_allclose(
        by_number.gram([2, 0, 0, 1]), matrix[np.ix_([2, 0, 0, 1], [2, 0, 0, 1])]
    )
    by_name = Coregionalization(weights=weights, kappa=kappa, labels=["co2", "ch4", "n2o"])
    np.testing.assert_allclose(
        by_name.cross(["n2o", "co2"], ["ch4"]), matrix[np.ix_([2, 0], [1])], rtol=1e-15
    )
    with pytest.raises(ValueError, match="'xe' is not one of the kernel's: co2, ch4, n2o"):
        by_name.gram(["co2", "xe"])
    with pytest.raises(ValueError, match="label that the kernel does not know"):
        by_number.gram([0, 3])
    both = by_name * Constant() + Coregionalization(
        "gas", rank=1, weights=1.0, kappa=0.0, labels=["co2", "ch4", "n2o"]
    )
    points = {"year": [0.0, 1.0], "gas": ["n2o", "co2"]}
    with pytest.raises(ValueError, match="coregionalization"):
        both.gram(points)
    model = Coregionalization("gas", weights=weights, kappa=kappa, labels=["co2", "ch4", "n2o"])
    product = model * Matern32("year", lengthscale=2.0)
    expected = matrix[np.ix_([2, 0], [2, 0])] * matern32(np.array([[0, 0.5], [0.5, 0]]))
    np.testing.assert_allclose(product.gram(points), expected, rtol=1e-14)
    np.testing.assert_array_equal(White().cross(["a", "b"], ["b"]), [[0.0], [1.0]])
    with pytest.raises(ValueError, match="matern32 needs numbers.*White"):
        Matern32(lengthscale=1.0).gram(["a", "b"])


def test_shapes_of_scalars() -> None:
    kernel = Matern12(lengthscale=1.0)
    assert kernel(0.0, 1.0).shape == ()
    assert float(kernel(0.0, 1.0)) == pytest.approx(np.exp(-1))
    assert kernel(0.0, LINE).shape == kernel(LINE, 0.0).shape == LINE.shape
    assert kernel(LINE, OTHER).shape == (5, 2)
    np.testing.assert_array_equal(kernel(LINE), kernel.gram(LINE))
    assert kernel.gram([]).shape == (0, 0)


def test_arrays_that_do_not_lie_in_one_piece() -> None:
    kernel = Matern32(lengthscale=2.0)
    wide = np.arange(24.0).reshape(4, 6)
    for part in (wide[:, ::2], wide.T, np.asfortranarray(wide), wide.astype(np.float32)):
        np.testing.assert_array_equal(kernel.gram(part), kernel.gram(np.array(part, dtype=float)))


def test_text_is_the_language_of_model_files() -> None:
    class Prior:
        def __str__(self) -> str:
            return "log_normal(0, 1)"

    class Parameter:
        name = "eta"

        def __gridgp_kernel__(self) -> str:
            return "= eta"

    texts = {
        Matern32(): "matern32()",
        Matern32("lon", "lat", lengthscale="l"): "matern32(lon, lat, lengthscale = l)",
        Matern32(lengthscale=Prior()): "matern32(lengthscale ~ log_normal(0, 1))",
        Matern32(lengthscale=Parameter()): "matern32(lengthscale = eta)",
        Matern32(lengthscale=["a", 2.5]): "matern32(lengthscale = [a, 2.5])",
        Matern32(distance="great_circle"): "matern32(distance = great_circle)",
        Matern52("lon", circle=360): "matern52(lon, circle = 360)",
        RationalQuadratic(circle=365.2425, alpha=1.5): (
            "rational_quadratic(circle = 365.2425, alpha = 1.5)"
        ),
        Matern32("x", basis=12, boundary=2): "matern32(x, basis = 12, boundary = 2)",
        Polynomial(degree=2): "polynomial(degree = 2)",
        Coregionalization(rank=1, kappa=0): "coregionalization(rank = 1, kappa = 0)",
        White().scaled(Parameter()): "eta^2 * white()",
        0.25 * White() + Constant(): "0.25 * white() + constant()",
        (White() + Constant()) * Cosine(period=12): "(white() + constant()) * cosine(period = 12)",
        2 * (White() + Constant()): "2 * (white() + constant())",
        Constant() * (2 * White()): "constant() * (2 * white())",
        Matern12(lengthscale=1e-7): "matern12(lengthscale = 1e-07)",
    }
    for kernel, text in texts.items():
        assert str(kernel) == text
    with pytest.raises(ValueError, match="mixes priors"):
        str(Matern32(lengthscale=[Prior(), 2.0]))
    found = (Matern32(lengthscale=Parameter()) * White().scaled("a") + 4 * Constant()).quantities()
    assert [q if isinstance(q, (str, float)) else type(q).__name__ for q in found] == [
        "Parameter",
        "a",
        2.0,
    ]


def test_names_and_defaults_take_numbers() -> None:
    kernel = Matern32(lengthscale="ls").scaled("eta") + Periodic(period=12.0)
    assert kernel.parameter_names == ["eta", "ls", "lengthscale"]
    with pytest.raises(ValueError, match=r"no numbers for eta, ls, lengthscale.*kernel.at\(eta=…"):
        kernel.gram(LINE)
    known = kernel.at(eta=2.0, ls=1.7).at(lengthscale=0.9)
    expected = 4.0 * Matern32(lengthscale=1.7) + Periodic(period=12.0, lengthscale=0.9)
    assert known == expected
    np.testing.assert_array_equal(known.gram(LINE), expected.gram(LINE))
    with pytest.raises(TypeError, match="nothing is called lenghtscale; open are: eta, ls"):
        kernel.at(lenghtscale=1.0)


def test_a_kernel_goes_around_a_circle() -> None:
    hours = np.array([0.0, 6.0, 12.0, 23.5])
    kernel = SquaredExponential(lengthscale=5.0, circle=24.0)
    r = hours[:, None] - hours
    images = np.exp(-0.5 * ((r[..., None] + 24.0 * np.arange(-9, 10)) / 5.0) ** 2).sum(axis=-1)
    np.testing.assert_allclose(kernel.gram(hours), images / images[0, 0], rtol=1e-14)
    np.testing.assert_array_equal(kernel([23.0], [1.0, 25.0]), kernel([0.0], [2.0, 2.0]))


def test_numbers_of_numpy_multiply() -> None:
    kernel = Matern32(lengthscale=1.0)
    assert np.float64(2.0) * kernel == kernel * 2 == 2.0 * kernel
    with pytest.raises(TypeError, match="kernel.scaled"):
        kernel * "eta"  # type: ignore[operator]
    with pytest.raises(TypeError):
        kernel + 1.0  # type: ignore[operator]


def test_kernels_pickle_and_copy() -> None:
    kernel = 2.0 * Matern32("lon", lengthscale="ls") + White()
    assert pickle.loads(pickle.dumps(kernel)) == copy.deepcopy(kernel) == kernel
    assert len({kernel, copy.copy(kernel)}) == 1


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: Matern32(lengthscale=-1.0).gram(LINE), "lengthscale must be positive, not -1"),
        (lambda: Polynomial(degree=1, offset=-1.0).gram(LINE), "offset must be not negative"),
        (lambda: -2.0 * White(), "cannot be -2.0"),
        (lambda: White().scaled(-1.0), "a standard deviation, not -1"),
        (lambda: Matern32(lengthscale=1.0).gram([0.0, np.nan]), "x has NaN at point 1"),
        (lambda: Matern32(lengthscale=1.0).cross(LINE, PLANE), r"x has the coordinates \['x0'\]"),
        (lambda: Matern32(lengthscale=1.0).gram(np.zeros((2, 2, 2))), r"shape \(2, 2, 2\)"),
        (lambda: Matern32(lengthscale=[1.0, 2.0]).gram(LINE), "2 values for 1 parameters"),
        (lambda: Cosine(period=1.0).gram(PLANE), "cosine takes one coordinate but 2 are active"),
        (lambda: Matern32(lengthscale=1.0, basis=9).gram(LINE), "a box around the data of a model"),
        (lambda: Matern32(3, lengthscale=1.0).gram(PLANE), "position 3, but the points have 2"),
        (
            lambda: Matern32(lengthscale=1.0).gram(np.array(["2001-01-01"], "M8[D]")),
            "dates or times; make them numbers",
        ),
        (lambda: Matern32(lengthscale=1.0).gram(np.array([1 + 2j])), "complex"),
        (lambda: Matern32(lengthscale=1.0).gram({"a": [1.0], "b": [1.0, 2.0]}), "one length"),
        (lambda: Matern32(lengthscale=1.0, distance="km"), "great_circle"),  # type: ignore[arg-type]
        (lambda: Matern32(lengthscale=1.0, circle=0.0).gram(LINE), "no circumference"),
        (lambda: Matern32(lengthscale=1.0, circle=9.0).gram(PLANE), "one coordinate but 2"),
        (
            lambda: RationalQuadratic(lengthscale=1.0, alpha=0.4, circle=9.0).gram(LINE),
            "alpha must be above 0.5, not 0.4",
        ),
        (lambda: Coregionalization(weights=[[1.0]], kappa=[1.0, 2.0]), "numbers of labels differ"),
    ],
)
def test_mistakes_are_explained(mistake: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mistake()


def test_a_lengthscale_without_its_name_is_refused() -> None:
    with pytest.raises(TypeError, match="write its parameters by name: lengthscale"):
        Matern32(2.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="rank=1"):
        Coregionalization()
