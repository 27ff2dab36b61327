"""Structured matrices: products, solves, determinants, eigenvalues and draws without the matrix.

    >>> import numpy as np
    >>> from gridgp.operators import Kronecker
    >>> a = Kronecker([[[2.0, 1.0], [1.0, 2.0]], np.diag([1.0, 2.0, 3.0])])
    >>> a.shape
    (6, 6)
    >>> x = a.solve(np.ones(6))
    >>> np.abs(a @ x - 1.0).max() < 1e-15
    np.True_
    >>> round(a.log_det(), 6)
    6.879356

Tensors are row-major: the last factor's index runs fastest. A right-hand side is a vector of n
numbers, or an n × k array of k columns. What has no exact structured route is an error that says
what to use instead; nothing is made dense or approximated silently.

A factorization is made at the first solve or determinant, and kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, Union, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridgp import _core

if TYPE_CHECKING:
    import scipy.sparse.linalg

Float: TypeAlias = NDArray[np.float64]
MatrixLike: TypeAlias = Union["Operator", ArrayLike]
"""An operator, or a two-dimensional array."""


class Eigen(NamedTuple):
    """A = Q diag(λ) Qᵀ."""

    values: Float
    """λ, in the order of the columns of Q; not sorted."""
    basis: Operator
    """Q, with orthonormal columns, as an operator: ``basis @ x``, ``basis.T @ x``."""


class Solution(NamedTuple):
    """What conjugate gradients found."""

    x: Float
    """The solution."""
    iterations: int
    """Iterations of the slowest column."""
    residual: float
    """The largest relative residual |b − A x| / |b| over the columns."""


class LogDetEstimate(NamedTuple):
    """A stochastic estimate of a determinant, and how good it is."""

    log_det: float
    """The estimate of log det A."""
    standard_error: float
    """Its Monte-Carlo standard error."""
    quadrature_change: float
    """What the last Lanczos step still changed, which the standard error does not include."""


class Operator:
    """A matrix that is known by what it does.

    ``a @ x`` is a product with an array, ``a @ b`` of two operators, ``a + b`` their sum (of
    Kronecker products a :class:`SumKronecker`), ``2.0 * a`` a multiple, ``a.T`` the transpose.
    """

    # Without it NumPy's arrays would take the operator for a number: x @ a, 2.0 * a.
    __array_ufunc__ = None

    def __init__(self, core: _core.Operator) -> None:
        self._core = core

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows, number of columns."""
        return self._core.shape

    def __repr__(self) -> str:
        rows, columns = self.shape
        return f"<{type(self).__name__} {rows} x {columns}>"

    @overload
    def __matmul__(self, x: Operator) -> Operator: ...

    @overload
    def __matmul__(self, x: ArrayLike) -> Float: ...

    def __matmul__(self, x: MatrixLike) -> Operator | Float:
        if isinstance(x, Operator):
            return Operator(_core.Operator.product(self._core, x._core))
        return self.apply(x)

    def __rmatmul__(self, x: ArrayLike) -> Float:
        """x A, for x of shape (n,) or (k, n)."""
        array = np.asarray(x, dtype=np.float64)
        return self.apply_transpose(array.T).T

    def __mul__(self, scale: float) -> Operator:
        if not isinstance(scale, (int, float, np.integer, np.floating)):
            return NotImplemented
        return Operator(_core.Operator.scaled(float(scale), self._core))

    def __rmul__(self, scale: float) -> Operator:
        return self.__mul__(scale)

    def __neg__(self) -> Operator:
        return self * -1.0

    def __add__(self, other: Operator) -> Operator:
        if not isinstance(other, Operator):
            return NotImplemented
        terms = [term for each in (self, other) for term in _terms(each)]
        if terms and _terms(self) and _terms(other):
            return SumKronecker(terms)
        return Operator(_core.Operator.sum(self._core, other._core))

    @property
    def T(self) -> Operator:  # noqa: N802
        """The transpose."""
        return Operator(self._core.transpose())

    def inverse(self) -> Operator:
        """A⁻¹ as an operator, applied by solving.

        Raises
        ------
        ValueError
            If A is singular; ``NotPositiveDefiniteError`` where the route needs that.
        """
        return Operator(self._core.inverse())

    def apply(self, x: ArrayLike) -> Float:
        """A x, for x of shape (columns,) or (columns, k)."""
        return _in_columns(x, lambda array: self._core.apply(array, False))

    def apply_transpose(self, x: ArrayLike) -> Float:
        """Aᵀ x, for x of shape (rows,) or (rows, k)."""
        return _in_columns(x, lambda array: self._core.apply(array, True))

    def solve(self, b: ArrayLike) -> Float:
        """A⁻¹ b, exactly.

        Parameters
        ----------
        b
            Shape (n,), or (n, k) for k right-hand sides.

        Raises
        ------
        gridgp.NotPositiveDefiniteError
            If A is not positive definite and the route needs that.
        ValueError
            If A is singular, or has no exact structured route; the message says what has.
        """
        return _in_columns(b, lambda array: self._core.solve(array, False))

    def solve_transpose(self, b: ArrayLike) -> Float:
        """A⁻ᵀ b, exactly; as :meth:`solve`."""
        return _in_columns(b, lambda array: self._core.solve(array, True))

    def log_det(self) -> float:
        """log |det A|; −∞ for a singular matrix."""
        return self._core.log_det()[1]

    def slogdet(self) -> tuple[float, float]:
        """Sign and logarithm of the determinant, as ``numpy.linalg.slogdet``."""
        sign, log_abs, _, _ = self._core.log_det()
        return sign, log_abs

    def diagonal(self) -> Float:
        """The main diagonal."""
        return self._core.diagonal()

    def trace(self) -> float:
        """The sum of the diagonal."""
        return self._core.trace()

    def eigen(self) -> Eigen:
        """Eigenvalues and eigenvectors; of a Kronecker product the basis stays a product.

        A matrix of low rank may come with fewer pairs than rows; the others are zero.
        """
        values, basis = self._core.eigen()
        return Eigen(values, Operator(basis))

    def cholesky(self) -> Operator:
        """L with A = L Lᵀ, lower triangular, in the structure of A: of a Kronecker product ⊗L.

        Raises
        ------
        ValueError
            If A has no structured L; :meth:`root` may have another root.
        """
        return Operator(self._core.cholesky())

    def root(self) -> Operator:
        """R with A = R Rᵀ; it may be rectangular. A may be singular."""
        return Operator(self._core.root())

    def sample(self, seed: int, size: int | None = None) -> Float:
        """Draws from N(0, A).

        Parameters
        ----------
        seed
            Draw i depends on (seed, i) only.
        size
            How many; one if it is left out.

        Returns
        -------
        ndarray
            Shape (size, n), or (n,) without a size.
        """
        draws = self._core.sample(1 if size is None else size, seed)
        return draws[0] if size is None else draws

    def quadratic_form(self, x: ArrayLike) -> Float:
        """xᵀ A x, for x of shape (n,), or of each column of (n, k)."""
        array = np.asarray(x, dtype=np.float64)
        return np.asarray(np.sum(array * self.apply(array), axis=0))

    def to_dense(self) -> Float:
        """The whole matrix. For tests and small sizes; nothing calls it on your behalf."""
        return self._core.to_dense()

    def cg(
        self,
        b: ArrayLike,
        *,
        preconditioner: Operator | None = None,
        tolerance: float = 1e-10,
        max_iterations: int = 1000,
    ) -> Solution:
        """A⁻¹ b by preconditioned conjugate gradients, of a symmetric positive definite A.

        Parameters
        ----------
        b
            Shape (n,) or (n, k).
        preconditioner
            An operator that solves and resembles A; none by default.
        tolerance
            Relative residual at which a column is done.
        max_iterations
            More are an error.

        Raises
        ------
        ValueError
            If it did not converge.
        """
        core = None if preconditioner is None else preconditioner._core
        array = np.asarray(b, dtype=np.float64)
        columns = _columns(array)
        x, iterations, residual = self._core.cg(columns, core, tolerance, max_iterations)
        return Solution(x.reshape(array.shape), iterations, residual)

    def lanczos_log_det(
        self, *, probes: int = 32, steps: int = 50, seed: int = 0
    ) -> LogDetEstimate:
        """An estimate of log det A of a symmetric positive definite A, by its products only.

        Parameters
        ----------
        probes
            Random vectors; the standard error falls with their root.
        steps
            Lanczos steps a probe; the bias falls exponentially with steps / √condition.
        seed
            Of the probes.
        """
        return LogDetEstimate(*self._core.lanczos_log_det(probes, steps, seed))

    def as_linear_operator(self) -> scipy.sparse.linalg.LinearOperator:
        """The same as a ``scipy.sparse.linalg.LinearOperator``, for SciPy's iterative methods."""
        from scipy.sparse.linalg import LinearOperator

        return LinearOperator(
            shape=self.shape,
            dtype=np.float64,
            matvec=lambda x: self.apply(np.reshape(x, -1)),
            rmatvec=lambda x: self.apply_transpose(np.reshape(x, -1)),
            matmat=self.apply,
            rmatmat=self.apply_transpose,
        )


def _terms(operator: Operator) -> list[Kronecker]:
    """The Kronecker products that an operator is the sum of; none if it is no such sum."""
    if isinstance(operator, Kronecker):
        return [operator]
    return operator.terms if isinstance(operator, SumKronecker) else []


def _columns(array: Float) -> Float:
    if array.ndim not in (1, 2):
        raise ValueError(
            f"a right-hand side has the shape (n,) or (n, k), one column each, not {array.shape}"
        )
    return array.reshape(len(array), -1) if array.ndim == 1 else array


def _in_columns(x: ArrayLike, f: Callable[[Float], Float]) -> Float:
    array = np.asarray(x, dtype=np.float64)
    result = f(_columns(array))
    return result.reshape(-1) if array.ndim == 1 else result


def _matrix(matrix: ArrayLike, what: str) -> Float:
    array = np.asarray(matrix, dtype=np.float64)
    if array.ndim != 2:
        raise ValueError(f"{what} has the shape {array.shape}; a matrix has two dimensions")
    return array


def _vector(vector: ArrayLike, what: str) -> Float:
    array = np.ascontiguousarray(vector, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{what} has the shape {array.shape}; it must have one dimension")
    return array


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
        super().__init__(_core.Operator.identity(size))


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
        mask = np.asarray(keep, dtype=np.bool_).reshape(-1)
        a = _operator(operator, "the operator")
        super().__init__(_core.Operator.masked(a._core, mask.tolist()))
