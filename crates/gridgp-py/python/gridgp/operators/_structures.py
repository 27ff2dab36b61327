"""The structures, one class each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from gridgp import _core, _values
from gridgp.operators._operator import Float, MatrixLike, Operator


def _matrix(matrix: ArrayLike, what: str) -> Float:
    array = _values.numbers(matrix, what)
    if array.ndim != 2:
        raise ValueError(f"{what} has the shape {array.shape}; a matrix has two dimensions")
    return array


def _vector(vector: ArrayLike, what: str) -> Float:
    return np.ascontiguousarray(_values.row(vector, what))


def _operator(matrix: MatrixLike, what: str) -> Operator:
    return matrix if isinstance(matrix, Operator) else Dense(_matrix(matrix, what))


class Dense(Operator):
    """A matrix with all of its entries.

    Solves by Cholesky's factorization where it is symmetric to the last digit (it must then be
    positive definite), else by LU.

    Parameters
    ----------
    matrix
        Shape (n, m).
    """

    def __init__(self, matrix: ArrayLike) -> None:
        super().__init__(_core.Operator.dense(_matrix(matrix, "the matrix")))


class Diagonal(Operator):
    """diag(values)."""

    def __init__(self, values: ArrayLike) -> None:
        super().__init__(_core.Operator.diagonal_of(_vector(values, "the diagonal")))


class Identity(Operator):
    """The identity of n rows."""

    def __init__(self, size: int) -> None:
        super().__init__(_core.Operator.identity(_values.count(size, "the size")))


class Triangular(Operator):
    """The lower (or upper) triangle of a square matrix; the rest of it is not read."""

    def __init__(self, matrix: ArrayLike, *, upper: bool = False) -> None:
        super().__init__(_core.Operator.triangular(_matrix(matrix, "the matrix"), upper))


class Toeplitz(Operator):
    """A[i, j] = column[|i − j|]: a stationary kernel on evenly spaced points.

    Products cost n log n, a solve n² (Levinson's recursion; positive definite only).
    """

    def __init__(self, column: ArrayLike) -> None:
        super().__init__(_core.Operator.toeplitz(_vector(column, "the first column")))


class Circulant(Operator):
    """A[i, j] = column[(i − j) mod n]: a stationary kernel on a full period. All in n log n."""

    def __init__(self, column: ArrayLike) -> None:
        super().__init__(_core.Operator.circulant(_vector(column, "the first column")))


class LowRank(Operator):
    """F C Fᵀ: a linear model in r features. It is singular; add noise by :class:`LowRankUpdate`.

    Parameters
    ----------
    features
        F, shape (n, r).
    core
        C, shape (r, r), symmetric; the identity by default.
    """

    def __init__(self, features: ArrayLike, core: ArrayLike | None = None) -> None:
        c = None if core is None else _matrix(core, "the core")
        super().__init__(_core.Operator.low_rank(_matrix(features, "the features"), c))


class Kronecker(Operator):
    """A₁ ⊗ A₂ ⊗ …: the covariance of a product kernel on a grid.

    A product costs N Σnₐ, a solve the same after Σnₐ³/3 once; no matrix of size N × N exists.

    Parameters
    ----------
    factors
        Operators or matrices, slowest axis first; of covariances on a grid one an axis.
    """

    def __init__(self, factors: Sequence[MatrixLike]) -> None:
        self.factors: list[Operator] = [
            _operator(factor, f"factor {a}") for a, factor in enumerate(factors)
        ]
        """The factors, slowest axis first."""
        super().__init__(_core.Operator.kronecker([f._core for f in self.factors]))

    def _kronecker_terms(self) -> list[Operator]:
        return [self]

    def _sum_kronecker(self, terms: list[Operator]) -> Operator:
        return SumKronecker([t for t in terms if isinstance(t, Kronecker)])


class KroneckerSum(Operator):
    """A₁ ⊕ A₂ ⊕ … = A₁ ⊗ I ⊗ … + I ⊗ A₂ ⊗ … + …: a grid Laplacian.

    An additive field f(s) + g(t) has the covariance K ⊗ J + J ⊗ K' with J all ones, which is a
    :class:`SumKronecker` and not this.
    """

    def __init__(self, terms: Sequence[MatrixLike]) -> None:
        self.terms: list[Operator] = [_operator(t, f"term {a}") for a, t in enumerate(terms)]
        """The terms, slowest axis first."""
        super().__init__(_core.Operator.kronecker_sum([t._core for t in self.terms]))


class SumKronecker(Operator):
    """A₁ ⊗ B₁ + A₂ ⊗ B₂ + …, over any number of axes.

    Two terms of symmetric factors solve exactly: on each axis both matrices are diagonalized at
    once. More terms do so where their factors commute on each axis (main effects and
    interactions); others solve by :meth:`~Operator.cg`.

    Parameters
    ----------
    terms
        Kronecker products, or lists of their factors; all with factors of the same shapes.

    Examples
    --------
    Noise that varies along both axes, K₁ ⊗ K₂ + D₁ ⊗ D₂:

    >>> import numpy as np
    >>> from gridgp.operators import Diagonal, SumKronecker
    >>> k = np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> a = SumKronecker([[k, k], [Diagonal([0.1, 0.3]), Diagonal([1.0, 2.0])]])
    >>> b = np.arange(4.0)
    >>> np.abs(a @ a.solve(b) - b).max() < 1e-13
    np.True_
    """

    def __init__(self, terms: Sequence[Kronecker | Sequence[MatrixLike]]) -> None:
        self.terms: list[Kronecker] = [
            term if isinstance(term, Kronecker) else Kronecker(term) for term in terms
        ]
        """The terms."""
        factors = [[f._core for f in term.factors] for term in self.terms]
        super().__init__(_core.Operator.sum_kronecker(factors))

    def _kronecker_terms(self) -> list[Operator]:
        return list(self.terms)

    def _sum_kronecker(self, terms: list[Operator]) -> Operator:
        return SumKronecker([t for t in terms if isinstance(t, Kronecker)])


class KroneckerIdentity(Operator):
    """scale · K₁ ⊗ K₂ ⊗ … + noise · I: a field on a grid, and independent noise.

    Solved in the joint eigenbasis, whose rank it uses.

    Parameters
    ----------
    factors
        Symmetric positive semidefinite matrices, slowest axis first.
    noise
        A variance, not a standard deviation.
    scale
        A variance.
    """

    def __init__(self, factors: Sequence[ArrayLike], noise: float, *, scale: float = 1.0) -> None:
        matrices = [_matrix(factor, f"factor {a}") for a, factor in enumerate(factors)]
        super().__init__(_core.Operator.kronecker_identity(matrices, scale, noise))


class BlockDiagonal(Operator):
    """Blocks along the diagonal: independent groups."""

    def __init__(self, blocks: Sequence[MatrixLike]) -> None:
        self.blocks: list[Operator] = [_operator(b, f"block {i}") for i, b in enumerate(blocks)]
        """The blocks."""
        super().__init__(_core.Operator.block_diagonal([b._core for b in self.blocks]))


class LowRankUpdate(Operator):
    """A + U D Vᵀ, solved by Woodbury's identity.

    Parameters
    ----------
    operator
        A, which must solve.
    u
        U, shape (n, r).
    d
        D, shape (r, r); the identity by default.
    v
        V, shape (n, r); U by default.
    """

    def __init__(
        self,
        operator: MatrixLike,
        u: ArrayLike,
        d: ArrayLike | None = None,
        v: ArrayLike | None = None,
    ) -> None:
        left = _matrix(u, "u")
        middle = np.eye(left.shape[1]) if d is None else _matrix(d, "d")
        right = None if v is None else _matrix(v, "v")
        a = _operator(operator, "the operator")
        super().__init__(_core.Operator.low_rank_update(a._core, left, middle, right))


class Masked(Operator):
    """The rows and columns of A where ``keep`` is true: a grid with missing cells.

    Exact for few missing cells m: m solves with A and m³/3 once. With many use
    :meth:`~Operator.cg`.

    Parameters
    ----------
    operator
        A, square.
    keep
        Booleans, as many as A has rows; of a grid in any shape, row-major.
    """

    def __init__(self, operator: MatrixLike, keep: ArrayLike) -> None:
        mask = _values.plain(keep, "keep").reshape(-1)
        if mask.dtype.kind != "b":
            raise TypeError(f"keep holds {mask.dtype}; give a boolean for each row, values.notnull()")
        a = _operator(operator, "the operator")
        super().__init__(_core.Operator.masked(a._core, mask.tolist()))
