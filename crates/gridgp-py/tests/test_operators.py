"""Operators against their dense matrices."""

import threading
from collections.abc import Callable
from functools import reduce
from typing import Any

import gridgp
import numpy as np
import pytest
import scipy.linalg
import scipy.sparse.linalg
from gridgp.operators import (
    BlockDiagonal,
    Circulant,
    Dense,
    Diagonal,
    Identity,
    Kronecker,
    KroneckerIdentity,
    KroneckerSum,
    LowRank,
    LowRankUpdate,
    Masked,
    Operator,
    SumKronecker,
    Toeplitz,
    Triangular,
)
from numpy.typing import NDArray

Float = NDArray[np.float64]
rng = np.random.default_rng(4)


def spd(n: int) -> Float:
    a = rng.normal(size=(n, n))
    return a @ a.T + 0.5 * np.eye(n)


def kron(*matrices: Float) -> Float:
    return reduce(lambda a, b: np.asarray(np.kron(a, b)), matrices)


A, B, C, D = spd(3), spd(4), spd(2), spd(3)
SQUARE = rng.normal(size=(4, 4)) + 3 * np.eye(4)
FEATURES = rng.normal(size=(6, 2))
COLUMN = 0.7 ** np.arange(6)
WAVE = np.array([2.0, 0.9, 0.3, 0.9])
KEEP = np.array([True, True, False, True, True, True, False, True, True, True, True, True])
DIAGONAL = np.array([1.0, 2.0, 0.5, 3.0])

# Operators that solve, with their matrices.
SOLVABLE: dict[str, tuple[Operator, Float]] = {
    "Dense": (Dense(A), A),
    "Dense, not symmetric": (Dense(SQUARE), SQUARE),
    "Diagonal": (Diagonal(DIAGONAL), np.diag(DIAGONAL)),
    "Identity": (Identity(5), np.eye(5)),
    "Triangular": (Triangular(SQUARE), np.tril(SQUARE)),
    "Triangular, upper": (Triangular(SQUARE, upper=True), np.triu(SQUARE)),
    "Toeplitz": (Toeplitz(COLUMN), scipy.linalg.toeplitz(COLUMN)),
    "Circulant": (Circulant(WAVE), scipy.linalg.circulant(WAVE)),
    "Kronecker": (Kronecker([A, B, C]), kron(A, B, C)),
    "Kronecker of structures": (
        Kronecker([Toeplitz(COLUMN), Diagonal(DIAGONAL), Kronecker([C, A])]),
        kron(scipy.linalg.toeplitz(COLUMN), np.diag(DIAGONAL), C, A),
    ),
    "KroneckerSum": (
        KroneckerSum([A, B, C]),
        kron(A, np.eye(4), np.eye(2))
        + kron(np.eye(3), B, np.eye(2))
        + kron(np.eye(3), np.eye(4), C),
    ),
    "SumKronecker": (SumKronecker([[A, B], [D, np.eye(4)]]), kron(A, B) + kron(D, np.eye(4))),
    "SumKronecker of three axes": (
        SumKronecker([Kronecker([A, B, C]), [D, np.diag(DIAGONAL), np.eye(2)]]),
        kron(A, B, C) + kron(D, np.diag(DIAGONAL), np.eye(2)),
    ),
    "SumKronecker, additive": (
        SumKronecker([[A, np.ones((4, 4))], [np.ones((3, 3)), B], [np.eye(3), np.eye(4)]]),
        kron(A, np.ones((4, 4))) + kron(np.ones((3, 3)), B) + np.eye(12),
    ),
    "KroneckerIdentity": (
        KroneckerIdentity([A, B], 0.3, scale=2.0),
        2.0 * kron(A, B) + 0.3 * np.eye(12),
    ),
    "KroneckerIdentity of low rank": (
        KroneckerIdentity([FEATURES @ FEATURES.T, C], 0.3),
        kron(FEATURES @ FEATURES.T, C) + 0.3 * np.eye(12),
    ),
    "BlockDiagonal": (BlockDiagonal([A, B]), scipy.linalg.block_diag(A, B)),
    "LowRankUpdate": (
        LowRankUpdate(0.5 * Identity(6), FEATURES),
        0.5 * np.eye(6) + FEATURES @ FEATURES.T,
    ),
    "LowRankUpdate, not symmetric": (
        LowRankUpdate(Kronecker([A, C]), FEATURES, C, FEATURES[::-1]),
        kron(A, C) + FEATURES @ C @ FEATURES[::-1].T,
    ),
    "Masked": (Masked(Kronecker([A, B]), KEEP.reshape(3, 4)), kron(A, B)[np.ix_(KEEP, KEEP)]),
    "scaled": (2.5 * Kronecker([A, C]), 2.5 * kron(A, C)),
    "negative": (-Dense(A), -A),
    "product": (Dense(A) @ Dense(D), A @ D),
    "inverse": (Kronecker([A, C]).inverse(), np.asarray(np.linalg.inv(kron(A, C)))),
    "transpose": (Dense(SQUARE).T, SQUARE.T),
}
OTHERS: dict[str, tuple[Operator, Float]] = {
    "LowRank": (LowRank(FEATURES), FEATURES @ FEATURES.T),
    "LowRank with a core": (LowRank(FEATURES, C), FEATURES @ C @ FEATURES.T),
    "rectangular": (Kronecker([FEATURES, C]), kron(FEATURES, C)),
    "sum": (
        Toeplitz(COLUMN) + LowRank(FEATURES),
        scipy.linalg.toeplitz(COLUMN) + FEATURES @ FEATURES.T,
    ),
}
# The additive sum does not commute: J with A. It is solved by conjugate gradients only.
NO_SOLVE = {"SumKronecker, additive"}


@pytest.mark.parametrize("name", [*SOLVABLE, *OTHERS])
def test_products_and_entries(name: str) -> None:
    operator, dense = (SOLVABLE | OTHERS)[name]
    assert operator.shape == dense.shape
    np.testing.assert_allclose(operator.to_dense(), dense, rtol=1e-9, atol=1e-10)
    rows, columns = dense.shape
    x, y = rng.normal(size=(columns, 3)), rng.normal(size=(rows, 3))
    close: dict[str, Any] = {"rtol": 1e-8, "atol": 1e-9}
    np.testing.assert_allclose(operator @ x, dense @ x, **close)
    np.testing.assert_allclose(operator @ x[:, 0], dense @ x[:, 0], **close)
    np.testing.assert_allclose(operator @ np.asfortranarray(x), dense @ x, **close)
    np.testing.assert_allclose(operator @ x[:, ::2], dense @ x[:, ::2], **close)
    np.testing.assert_allclose(operator.T @ y, dense.T @ y, **close)
    np.testing.assert_allclose(y.T @ operator, y.T @ dense, **close)
    np.testing.assert_allclose(y[:, 0] @ operator, y[:, 0] @ dense, **close)
    scipys = operator.as_linear_operator()
    np.testing.assert_allclose(scipys @ x, dense @ x, **close)
    np.testing.assert_allclose(scipys.rmatmat(y), dense.T @ y, **close)
    np.testing.assert_allclose(scipys.matvec(x[:, :1]), dense @ x[:, :1], **close)
    if name not in ("product", "inverse", "rectangular"):
        np.testing.assert_allclose(operator.diagonal(), np.diag(dense), **close)
        np.testing.assert_allclose(operator.trace(), np.trace(dense), **close)
        quadratic = np.einsum("ik,ij,jk->k", x, dense, x)
        np.testing.assert_allclose(operator.quadratic_form(x), quadratic, **close)


@pytest.mark.parametrize("name", [n for n in SOLVABLE if n not in NO_SOLVE])
def test_solves_and_determinants(name: str) -> None:
    operator, dense = SOLVABLE[name]
    if name in ("negative",):
        dense = dense.copy()
    b = rng.normal(size=(len(dense), 3))
    close: dict[str, Any] = {"rtol": 1e-7, "atol": 1e-8}
    np.testing.assert_allclose(operator.solve(b), np.linalg.solve(dense, b), **close)
    np.testing.assert_allclose(operator.solve(b[:, 1]), np.linalg.solve(dense, b[:, 1]), **close)
    np.testing.assert_allclose(operator.solve_transpose(b), np.linalg.solve(dense.T, b), **close)
    np.testing.assert_allclose(operator.inverse() @ b, np.linalg.solve(dense, b), **close)
    sign, log_abs = np.linalg.slogdet(dense)
    assert operator.slogdet()[0] == sign
    np.testing.assert_allclose(operator.log_det(), log_abs, rtol=1e-9, atol=1e-9)


EIGEN = [
    "Dense",
    "Diagonal",
    "Identity",
    "Circulant",
    "Kronecker",
    "KroneckerSum",
    "KroneckerIdentity",
    "LowRank",
    "LowRank with a core",
    "scaled",
    "negative",
]


@pytest.mark.parametrize("name", EIGEN)
def test_eigendecompositions(name: str) -> None:
    operator, dense = (SOLVABLE | OTHERS)[name]
    values, basis = operator.eigen()
    q = basis.to_dense()
    np.testing.assert_allclose(q.T @ q, np.eye(len(values)), atol=1e-10)
    np.testing.assert_allclose((q * values) @ q.T, dense, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(
    "name", ["Dense", "Diagonal", "Identity", "Kronecker", "BlockDiagonal", "scaled"]
)
def test_cholesky_is_lower_triangular(name: str) -> None:
    operator, dense = SOLVABLE[name]
    l = operator.cholesky().to_dense()  # noqa: E741
    np.testing.assert_allclose(l, np.linalg.cholesky(dense), rtol=1e-9, atol=1e-10)


ROOTS = [
    *("Dense", "Diagonal", "Identity", "Toeplitz", "Circulant", "Kronecker", "KroneckerSum"),
    *("SumKronecker", "SumKronecker, additive", "KroneckerIdentity", "BlockDiagonal"),
    *("LowRankUpdate", "Masked", "scaled", "LowRank", "sum"),
]


@pytest.mark.parametrize("name", ROOTS)
def test_roots_and_draws(name: str) -> None:
    operator, dense = (SOLVABLE | OTHERS)[name]
    root = operator.root().to_dense()
    np.testing.assert_allclose(root @ root.T, dense, rtol=1e-8, atol=1e-9)
    draws = operator.sample(seed=3, size=4000)
    assert draws.shape == (4000, len(dense))
    np.testing.assert_array_equal(draws[0], operator.sample(seed=3))
    np.testing.assert_array_equal(draws[:7], operator.sample(seed=3, size=7))
    covariance = draws.T @ draws / 4000
    variance = np.diag(dense)
    error = np.sqrt((np.outer(variance, variance) + dense**2) / 4000)
    assert np.all(np.abs(covariance - dense) < 5 * error)


def test_sums_keep_their_structure() -> None:
    total = Kronecker([A, B]) + Kronecker([D, np.eye(4)]) + Kronecker([np.eye(3), np.eye(4)])
    assert isinstance(total, SumKronecker)
    assert len(total.terms) == 3
    with pytest.raises(ValueError, match=r"cg\(b\)"):
        (Toeplitz(COLUMN) + LowRank(FEATURES)).solve(np.ones(6))


def test_conjugate_gradients_and_lanczos() -> None:
    operator, dense = SOLVABLE["SumKronecker, additive"]
    b = rng.normal(size=(12, 2))
    found = operator.cg(b, preconditioner=Kronecker([A, B]) + Kronecker([np.eye(3), np.eye(4)]))
    np.testing.assert_allclose(found.x, np.linalg.solve(dense, b), rtol=1e-7, atol=1e-8)
    assert found.residual < 1e-9
    assert operator.cg(b[:, 0]).x.shape == (12,)
    with pytest.raises(ValueError, match="did not converge"):
        operator.cg(b, max_iterations=1)
    estimate = operator.lanczos_log_det(probes=400, seed=1)
    exact = np.linalg.slogdet(dense)[1]
    assert abs(estimate.log_det - exact) < 4 * estimate.standard_error


def test_large_products_never_become_dense() -> None:
    factors = [Toeplitz(np.exp(-np.arange(200.0) / 9)) for _ in range(3)]
    operator = Kronecker(factors)
    assert operator.shape == (8_000_000, 8_000_000)
    assert operator.trace() == 8e6
    ones = np.ones(8_000_000)
    row = operator.factors[0] @ np.ones(200)
    product = operator @ ones
    np.testing.assert_allclose(
        product[[0, 1, 200]], row[0] ** 2 * row[[0, 1, 0]] * [1, 1, row[1] / row[0]]
    )


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: Kronecker([A, B]) @ np.ones(7), "has 7 rows.*12 x 12 and needs 12"),
        (lambda: Kronecker([A, B]).solve(np.ones((2, 2, 2))), r"\(n,\) or \(n, k\)"),
        (lambda: Kronecker([]), "at least one"),
        (lambda: Kronecker([np.ones(3)]), r"factor 0 has the shape \(3,\)"),
        (lambda: SumKronecker([[A, B], [B, A]]), "agree axis by axis"),
        (lambda: LowRank(FEATURES).solve(np.ones(6)), "add noise: LowRankUpdate"),
        (lambda: LowRank(FEATURES, np.array([[1.0, 2.0], [0.0, 1.0]])), "symmetric"),
        (lambda: Dense(FEATURES).solve(np.ones(6)), "square"),
        (lambda: Masked(Dense(A), [True, False]), "mask has 2 entries"),
        (lambda: Toeplitz([]), "at least one"),
        (lambda: Triangular(FEATURES), "must be square"),
        (lambda: Toeplitz(COLUMN).eigen(), "no structured eigendecomposition.*eigsh"),
        (lambda: Toeplitz(COLUMN).cholesky(), "no structured lower triangular root"),
        (lambda: (Dense(A) @ Dense(D)).diagonal(), "no structured route to its single entries"),
        (lambda: Dense(A) + Dense(B), "3"),
        (lambda: Dense(A) @ Dense(B), "inner dimensions differ"),
        (lambda: Dense(SQUARE).root(), "not symmetric"),
        (lambda: Diagonal([1.0, 0.0]).solve([1.0, 1.0]), "rank 1 of 2"),
    ],
)
def test_mistakes_are_explained(mistake: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mistake()


def test_indefinite_matrices_are_named() -> None:
    with pytest.raises(gridgp.NotPositiveDefiniteError, match="not positive definite: pivot 1"):
        Kronecker([[[1.0, 2.0], [2.0, 1.0]], A]).solve(np.ones(6))


def test_other_threads_run_meanwhile() -> None:
    a = rng.normal(size=(700, 700))
    operator = Dense(a @ a.T + np.eye(700))
    done = threading.Event()

    def work() -> None:
        for _ in range(3):
            operator.eigen()
        done.set()

    worker = threading.Thread(target=work)
    steps = 0
    worker.start()
    while not done.wait(0.002):
        steps += 1
    worker.join()
    # With the GIL held, the loop would stand still while an eigendecomposition runs.
    assert steps > 10
