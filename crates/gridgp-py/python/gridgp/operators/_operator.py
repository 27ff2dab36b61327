"""What every operator can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, Union, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridgp import _core, _values

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
        array = _values.numbers(x, "x")
        return self.apply_transpose(array.T).T

    def __mul__(self, scale: float) -> Operator:
        if isinstance(scale, Operator | str) or np.ndim(scale) > 0:
            return NotImplemented
        return Operator(_core.Operator.scaled(_values.scalar(scale, "the scale"), self._core))

    def __rmul__(self, scale: float) -> Operator:
        return self.__mul__(scale)

    def __neg__(self) -> Operator:
        return self * -1.0

    def __add__(self, other: Operator) -> Operator:
        if not isinstance(other, Operator):
            return NotImplemented
        mine, theirs = self._kronecker_terms(), other._kronecker_terms()
        if mine and theirs:
            return self._sum_kronecker(mine + theirs)
        return Operator(_core.Operator.sum(self._core, other._core))

    def _kronecker_terms(self) -> list[Operator]:
        """The Kronecker products that it is the sum of; none if it is no such sum."""
        return []

    def _sum_kronecker(self, terms: list[Operator]) -> Operator:
        """The sum of Kronecker products, by those that know them."""
        raise NotImplementedError

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

    def sample(self, seed: _values.Seed, size: int | None = None) -> Float:
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
        count = 1 if size is None else _values.count(size, "the size")
        draws = self._core.sample(count, _values.seed(seed))
        return draws[0] if size is None else draws

    def quadratic_form(self, x: ArrayLike) -> Float:
        """xᵀ A x, for x of shape (n,), or of each column of (n, k)."""
        array = _values.numbers(x, "x")
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
        array = _values.numbers(b, "b")
        columns = _columns(array)
        x, iterations, residual = self._core.cg(
            columns, core, tolerance, _values.count(max_iterations, "max_iterations")
        )
        return Solution(x.reshape(array.shape), iterations, residual)

    def lanczos_log_det(
        self, *, probes: int = 32, steps: int = 50, seed: _values.Seed = 0
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
        counts = _values.count(probes, "probes"), _values.count(steps, "steps")
        return LogDetEstimate(*self._core.lanczos_log_det(*counts, _values.seed(seed)))

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


def _columns(array: Float) -> Float:
    if array.ndim not in (1, 2):
        raise ValueError(
            f"a right-hand side has the shape (n,) or (n, k), one column each, not {array.shape}"
        )
    return array.reshape(len(array), -1) if array.ndim == 1 else array


def _in_columns(x: ArrayLike, f: Callable[[Float], Float]) -> Float:
    array = _values.numbers(x, "x")
    result = f(_columns(array))
    return result.reshape(-1) if array.ndim == 1 else result
