"""KroneckerNormal against scipy.stats.multivariate_normal."""

from collections.abc import Callable
from typing import Any

import gridgp
import numpy as np
import pytest
from gridgp.distributions import Factor, KroneckerNormal, NoisyKroneckerNormal
from numpy.typing import NDArray
from scipy.stats import matrix_normal, multivariate_normal

Float = NDArray[np.float64]
rng = np.random.default_rng(11)


def spd(n: int) -> Float:
    a = rng.normal(size=(n, n))
    return a @ a.T / n + 0.2 * np.eye(n)


A, B, C = spd(3), spd(4), spd(2)
MEAN = rng.normal(size=(3, 4, 2))
DENSE = np.kron(np.kron(A, B), C)
VALUES = rng.normal(size=(5, 3, 4, 2))


@pytest.mark.parametrize("noise_sd", [0.0, 0.7])
def test_density_moments_and_entropy(noise_sd: float) -> None:
    normal = KroneckerNormal(MEAN, [A, B, C], noise_sd=noise_sd)
    # Variance is the square of the standard deviation.
    covariance = DENSE + noise_sd**2 * np.eye(24)
    exact = multivariate_normal(MEAN.reshape(-1), covariance)
    np.testing.assert_allclose(
        normal.logpdf(VALUES), exact.logpdf(VALUES.reshape(5, 24)), rtol=1e-11
    )
    np.testing.assert_allclose(normal.logpdf(VALUES.reshape(5, 24)), normal.logpdf(VALUES))
    assert normal.logpdf(VALUES[0]).shape == ()
    assert normal.logpdf(VALUES.reshape(5, 1, 3, 4, 2)).shape == (5, 1)
    np.testing.assert_allclose(normal.entropy(), exact.entropy(), rtol=1e-12)
    np.testing.assert_allclose(normal.log_det, np.linalg.slogdet(covariance)[1], rtol=1e-12)
    np.testing.assert_allclose(normal.var().reshape(-1), np.diag(covariance))
    np.testing.assert_array_equal(normal.mean(), MEAN)
    assert (normal.shape, normal.size, normal.rank) == ((3, 4, 2), 24, 24)
    draws = normal.rvs(20_000, seed=5)
    assert draws.shape == (20_000, 3, 4, 2)
    found = np.cov(draws.reshape(20_000, 24).T)
    variance = np.diag(covariance)
    error = np.sqrt((np.outer(variance, variance) + covariance**2) / 20_000)
    assert np.all(np.abs(found - covariance) < 5 * error)
    mean_error = np.sqrt(variance / 20_000).reshape(3, 4, 2)
    assert np.all(np.abs(draws.mean(axis=0) - MEAN) < 4.5 * mean_error)
    np.testing.assert_array_equal(draws[:2], normal.rvs((2,), seed=5))
    np.testing.assert_array_equal(draws[0], normal.rvs(seed=5))


def test_the_matrix_normal_is_the_case_of_two() -> None:
    normal = KroneckerNormal(0.0, [A, B])
    x = rng.normal(size=(3, 4))
    exact = matrix_normal(rowcov=A, colcov=B).logpdf(x)
    np.testing.assert_allclose(normal.logpdf(x), exact, rtol=1e-11)


def test_forms_of_a_factor_agree() -> None:
    values, vectors = np.linalg.eigh(A)
    l = np.linalg.cholesky(A)  # noqa: E741
    x = VALUES[..., 0]
    expected = KroneckerNormal(0.5, [A, B], noise_sd=0.3).logpdf(x)
    for factor in (
        Factor.covariance(A),
        Factor.cholesky(l),
        Factor.root(l),
        Factor.eigen(values, vectors),
    ):
        normal = KroneckerNormal(0.5, [factor, B], noise_sd=0.3)
        np.testing.assert_allclose(normal.logpdf(x), expected, rtol=1e-11)
        np.testing.assert_allclose(normal.factor(0), A, rtol=1e-12, atol=1e-13)


def test_singular_factors_have_a_density_on_their_support() -> None:
    root = rng.normal(size=(3, 1))
    normal = KroneckerNormal(0.0, [Factor.root(root), B])
    exact = multivariate_normal(np.zeros(12), np.kron(root @ root.T, B), allow_singular=True)
    assert normal.rank == 4
    inside = np.outer(root[:, 0], rng.normal(size=4))
    np.testing.assert_allclose(normal.logpdf(inside), exact.logpdf(inside.reshape(-1)), rtol=1e-8)
    assert normal.logpdf(inside + np.eye(3, 4)) == -np.inf


@pytest.mark.parametrize("noise_sd", [0.0, 0.7])
def test_marginals_and_conditionals(noise_sd: float) -> None:
    normal = KroneckerNormal(MEAN, [A, B, C], noise_sd=noise_sd)
    covariance = DENSE + noise_sd**2 * np.eye(24)
    position = np.arange(24).reshape(3, 4, 2)
    given, rest = position[:, [2, 0]].reshape(-1), position[:, [1, 3]].reshape(-1)
    part = normal.marginal(1, [2, 0])
    exact = multivariate_normal(MEAN.reshape(-1)[given], covariance[np.ix_(given, given)])
    x = rng.normal(size=(3, 2, 2))
    np.testing.assert_allclose(part.logpdf(x), exact.logpdf(x.reshape(-1)), rtol=1e-10)
    conditional = normal.conditional(1, [2, 0], x)
    assert isinstance(conditional, NoisyKroneckerNormal) == (noise_sd > 0)
    weights = np.linalg.solve(covariance[np.ix_(given, given)], covariance[np.ix_(given, rest)]).T
    mean = MEAN.reshape(-1)[rest] + weights @ (x.reshape(-1) - MEAN.reshape(-1)[given])
    left = covariance[np.ix_(rest, rest)] - weights @ covariance[np.ix_(given, rest)]
    np.testing.assert_allclose(conditional.mean().reshape(-1), mean, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(conditional.var().reshape(-1), np.diag(left), rtol=1e-9)
    y = rng.normal(size=(3, 2, 2))
    np.testing.assert_allclose(
        conditional.logpdf(y), multivariate_normal(mean, left).logpdf(y.reshape(-1)), rtol=1e-8
    )
    np.testing.assert_allclose(conditional.entropy(), multivariate_normal(mean, left).entropy())
    draws = conditional.rvs(20_000, seed=2).reshape(20_000, -1)
    error = np.sqrt((np.outer(np.diag(left), np.diag(left)) + left**2) / 20_000)
    assert np.all(np.abs(np.cov(draws.T) - left) < 5 * error)


def test_gradient_is_that_of_differences() -> None:
    def value(x: Float, mean: Float, a: Float, noise_sd: float) -> float:
        return float(np.sum(KroneckerNormal(mean, [a, B, C], noise_sd=noise_sd).logpdf(x)))

    found = KroneckerNormal(MEAN, [A, B, C], noise_sd=0.4).gradient(VALUES)
    step = 1e-5
    dx, dm, da = rng.normal(size=VALUES.shape), rng.normal(size=MEAN.shape), rng.normal(size=(3, 3))
    da = da + da.T

    def slope(f: Callable[[float], float]) -> float:
        return (f(step) - f(-step)) / (2 * step)

    close: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-6}
    np.testing.assert_allclose(
        np.sum(found.value * dx), slope(lambda t: value(VALUES + t * dx, MEAN, A, 0.4)), **close
    )
    np.testing.assert_allclose(
        np.sum(found.mean * dm), slope(lambda t: value(VALUES, MEAN + t * dm, A, 0.4)), **close
    )
    np.testing.assert_allclose(
        np.sum(found.factors[0] * da),
        slope(lambda t: value(VALUES, MEAN, A + t * da, 0.4)),
        **close,
    )
    np.testing.assert_allclose(
        found.noise_sd, slope(lambda t: value(VALUES, MEAN, A, 0.4 + t)), **close
    )


def test_divergence_is_that_of_the_dense_formula() -> None:
    p, q = KroneckerNormal(MEAN, [A, B, C]), KroneckerNormal(0.0, [spd(3), B, C], noise_sd=0.2)
    k1 = DENSE
    k2 = np.kron(np.kron(q.factor(0), B), C) + 0.04 * np.eye(24)
    d = -MEAN.reshape(-1)
    expected = 0.5 * (
        np.trace(np.linalg.solve(k2, k1))
        + d @ np.linalg.solve(k2, d)
        - 24
        + np.linalg.slogdet(k2)[1]
        - np.linalg.slogdet(k1)[1]
    )
    np.testing.assert_allclose(p.kl_divergence(q), expected, rtol=1e-10)


def test_a_grid_that_no_dense_matrix_could_hold() -> None:
    time = np.exp(-np.abs(np.subtract.outer(np.arange(500.0), np.arange(500.0))) / 20)
    normal = KroneckerNormal(15.0, [time, time], noise_sd=0.5)
    draw = normal.rvs(seed=1)
    assert draw.shape == (500, 500)
    # log p of a draw is near −entropy: its standard deviation is √(N/2).
    assert abs(float(normal.logpdf(draw)) + normal.entropy()) < 5 * np.sqrt(250_000 / 2)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: KroneckerNormal(np.zeros(5), [A, B]), r"shape \(5,\); the factors make a grid"),
        (lambda: KroneckerNormal(0.0, []), "at least one factor"),
        (lambda: KroneckerNormal(0.0, [A], noise_sd=-1.0), "standard deviation"),
        (lambda: KroneckerNormal(np.nan, [A]), "mean is NaN"),
        (lambda: KroneckerNormal(0.0, [np.ones((2, 3))]), "square"),
        (
            lambda: KroneckerNormal(0.0, [A, B]).logpdf(np.zeros((4, 3))),
            r"do not end with the grid \(3, 4\)",
        ),
        (lambda: KroneckerNormal(0.0, [A, B]).marginal(2, [0]), "no axis 2"),
        (
            lambda: KroneckerNormal(0.0, [A, B]).conditional(0, [0, 1, 2], np.zeros((3, 4))),
            "nothing is left",
        ),
        (lambda: KroneckerNormal(0.0, [Factor.eigen([1.0], A)]), "1 eigenvalues and 3"),
    ],
)
def test_mistakes_are_explained(mistake: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mistake()


def test_an_indefinite_factor_is_named() -> None:
    with pytest.raises(gridgp.NotPositiveDefiniteError, match="eigenvalue -1"):
        KroneckerNormal(0.0, [[[1.0, 2.0], [2.0, 1.0]]])
