"""The multivariate normal distribution of a grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridgp import _core, _values

Float: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Factor:
    """The covariance K of one axis in the form in which it is known.

    A plain array is a covariance; make the others by :meth:`cholesky`, :meth:`root` and
    :meth:`eigen`. Roots and eigendecompositions are used as they are, never multiplied out, and
    nothing is added to a diagonal.
    """

    kind: str
    matrix: Float
    values: Float | None = None

    @staticmethod
    def covariance(k: ArrayLike) -> Factor:
        """From K, shape (n, n), symmetric; the lower triangle is read."""
        return Factor("covariance", _matrix(k))

    @staticmethod
    def cholesky(l: ArrayLike) -> Factor:  # noqa: E741
        """From the lower triangular L with K = L Lᵀ."""
        return Factor("cholesky", _matrix(l))

    @staticmethod
    def root(r: ArrayLike) -> Factor:
        """From any R with K = R Rᵀ, shape (n, p), such as the features of a kernel."""
        return Factor("root", _matrix(r))

    @staticmethod
    def eigen(values: ArrayLike, vectors: ArrayLike) -> Factor:
        """From eigenvalues, shape (p,), and the eigenvectors as columns, shape (n, p)."""
        given = np.ascontiguousarray(_values.row(values, "the eigenvalues"))
        return Factor("eigen", _matrix(vectors), given)


class Gradient(NamedTuple):
    """The derivatives of Σ log p."""

    value: Float
    """With respect to the values; their shape."""
    mean: Float
    """With respect to the mean; the shape of the grid."""
    noise_sd: float
    """With respect to the noise; 0 without noise."""
    factors: list[Float]
    """With respect to the covariance of each axis, symmetric."""


def _matrix(matrix: ArrayLike) -> Float:
    array = _values.numbers(matrix, "a factor")
    if array.ndim != 2:
        raise ValueError(f"a factor is a matrix, not an array of shape {array.shape}")
    return array


def _at(axis: int, points: Sequence[int]) -> tuple[int, list[int]]:
    return _values.count(axis, "the axis"), [_values.count(p, "a point") for p in points]


class _OnGrid:
    """What the distribution and its conditionals share."""

    _core: _core.KroneckerNormal | _core.NoisyKroneckerNormal

    @property
    def shape(self) -> tuple[int, ...]:
        """Points of each axis, slowest first."""
        return tuple(self._core.shape)

    @property
    def size(self) -> int:
        """Number of points N."""
        return math.prod(self.shape)

    @property
    def noise_sd(self) -> float:
        """σ."""
        return self._core.noise_sd

    @property
    def log_det(self) -> float:
        """log det of the covariance; of a singular one the log pseudo-determinant."""
        return self._core.log_det

    def mean(self) -> Float:
        """The mean, in the shape of the grid."""
        return self._core.mean().reshape(self.shape)

    def var(self) -> Float:
        """The variance of each point, noise included, in the shape of the grid."""
        return self._core.variance().reshape(self.shape)

    def std(self) -> Float:
        """The standard deviation of each point, noise included."""
        return np.asarray(np.sqrt(self.var()))

    def entropy(self) -> float:
        """−E log p, in nats."""
        return self._core.entropy()

    def _rows(self, x: ArrayLike) -> tuple[Float, tuple[int, ...]]:
        """Values as rows, and the shape of the batch."""
        array = _values.numbers(x, "x")
        axes = len(self.shape)
        if array.shape[-axes:] == self.shape:
            batch = array.shape[: array.ndim - axes]
        elif array.ndim > 0 and array.shape[-1] == self.size:
            batch = array.shape[:-1]
        else:
            raise ValueError(
                f"values of shape {array.shape} do not end with the grid {self.shape}, nor with "
                f"its {self.size} points in one row"
            )
        return array.reshape(math.prod(batch), self.size), batch

    def logpdf(self, x: ArrayLike) -> Float:
        """log p(x).

        Parameters
        ----------
        x
            Values of shape (…, n₁, n₂, …), or (…, N) with the last axis running fastest.

        Returns
        -------
        ndarray
            The shape of the leading dimensions. −∞ for a value that is not finite, and outside
            of the support of a singular distribution.
        """
        rows, batch = self._rows(x)
        return self._core.logpdf(rows).reshape(batch)

    def rvs(self, size: int | tuple[int, ...] | None = None, *, seed: _values.Seed) -> Float:
        """Draws, of shape ``size`` + the shape of the grid.

        Parameters
        ----------
        size
            How many, or the shape of the batch; one draw without a dimension by default.
        seed
            Draw i depends on (seed, i) only.
        """
        batch = () if size is None else _values.size(size)
        return self._core.rvs(math.prod(batch), _values.seed(seed)).reshape(batch + self.shape)


class KroneckerNormal(_OnGrid):
    """N(μ, K₁ ⊗ K₂ ⊗ … + σ² I) on a grid of n₁ × n₂ × … = N points.

    Everything costs mode products, N Σ nₐ operations, and no matrix of N × N exists. Two factors
    without noise are the matrix normal distribution.

    Parameters
    ----------
    mean
        μ: a number, or an array of the shape of the grid, or of N numbers.
    factors
        K₁, K₂, …, slowest axis first: covariance matrices, or a :class:`Factor` each.
    noise_sd
        σ ≥ 0, a **standard deviation** in the unit of the mean.

    Raises
    ------
    gridgp.NotPositiveDefiniteError
        If a factor is not positive semidefinite.
    ValueError
        If the shapes do not fit, or a number is not finite.

    Notes
    -----
    Singular factors are legal. Without noise the distribution then lives on a subspace of
    :attr:`rank` dimensions, its density is the one on it, and it is 0 elsewhere.

    PyMC's ``KroneckerNormal`` has ``covs``, ``chols``, ``evds`` and the same ``sigma``.

    Examples
    --------
    >>> import numpy as np
    >>> from gridgp.distributions import KroneckerNormal
    >>> normal = KroneckerNormal(0.0, [[[1.0, 0.5], [0.5, 2.0]], np.eye(3)], noise_sd=0.1)
    >>> normal.rvs(5, seed=1).shape
    (5, 2, 3)
    >>> round(float(normal.logpdf(np.zeros((2, 3)))), 4)
    -6.3786
    """

    def __init__(
        self, mean: ArrayLike, factors: Sequence[Factor | ArrayLike], noise_sd: float = 0.0
    ) -> None:
        if len(factors) == 0:
            raise ValueError("a Kronecker normal needs at least one factor")
        given = [f if isinstance(f, Factor) else Factor.covariance(f) for f in factors]
        shape = tuple(f.matrix.shape[0] for f in given)
        array = _values.numbers(mean, "the mean")
        if array.ndim == 0:
            array = np.broadcast_to(array, shape)
        elif array.shape != shape and array.shape != (math.prod(shape),):
            raise ValueError(
                f"the mean has the shape {array.shape}; the factors make a grid of {shape}"
            )
        flat = np.ascontiguousarray(array.reshape(-1))
        parts = [(f.kind, f.matrix, f.values) for f in given]
        self._core: _core.KroneckerNormal = _core.KroneckerNormal(
            flat, parts, _values.scalar(noise_sd, "noise_sd")
        )

    @classmethod
    def _of(cls, core: _core.KroneckerNormal) -> KroneckerNormal:
        normal = object.__new__(cls)
        normal._core = core
        return normal

    def __repr__(self) -> str:
        grid = " x ".join(map(str, self.shape))
        return f"<KroneckerNormal on {grid}, noise_sd={self.noise_sd:.6g}>"

    @property
    def rank(self) -> int:
        """Dimensions of the support: N with noise, else the product of the factors' ranks."""
        return self._core.rank

    def factor(self, axis: int) -> Float:
        """The covariance K of an axis."""
        return self._core.factor(_values.count(axis, "the axis"))

    def gradient(self, x: ArrayLike) -> Gradient:
        """The derivatives of the sum of :meth:`logpdf` over all values ``x``."""
        rows, batch = self._rows(x)
        value, mean, noise_sd, factors = self._core.gradient(rows)
        shape = batch + self.shape
        return Gradient(value.reshape(shape), mean.reshape(self.shape), noise_sd, factors)

    def kl_divergence(self, other: KroneckerNormal) -> float:
        """KL(self ‖ other) = E log self(x) − E log other(x); infinite for other supports."""
        if not isinstance(other, KroneckerNormal):
            raise TypeError(f"the other is a {type(other).__name__}; give a KroneckerNormal")
        return self._core.kl_divergence(other._core)

    def marginal(self, axis: int, points: Sequence[int]) -> KroneckerNormal:
        """The distribution at some points of an axis, and at all points of the others."""
        return self._of(self._core.marginal(*_at(axis, points)))

    def conditional(
        self, axis: int, points: Sequence[int], values: ArrayLike
    ) -> KroneckerNormal | NoisyKroneckerNormal:
        """The distribution at the other points of an axis, given the values at these.

        Parameters
        ----------
        axis
            Which axis, from 0.
        points
            Positions of the given points.
        values
            Their values: the shape of the grid with ``len(points)`` in place of the axis.

        Returns
        -------
        KroneckerNormal
            Without noise.
        NoisyKroneckerNormal
            With noise: given noisy values the rest is normal, but not of Kronecker's kind. Its
            draws and variances have the noise again.

        Raises
        ------
        ValueError
            If nothing is left, or the values lie outside of the support.
        """
        flat = np.ascontiguousarray(_values.numbers(values, "the values").reshape(-1))
        axis, at = _at(axis, points)
        if self.noise_sd > 0:
            return NoisyKroneckerNormal(self._core.conditional_with_noise(axis, at, flat))
        return self._of(self._core.conditional(axis, at, flat))


class NoisyKroneckerNormal(_OnGrid):
    """The rest of a :class:`KroneckerNormal`, given noisy values: see its ``conditional``."""

    def __init__(self, core: _core.NoisyKroneckerNormal) -> None:
        self._core: _core.NoisyKroneckerNormal = core

    def __repr__(self) -> str:
        grid = " x ".join(map(str, self.shape))
        return f"<NoisyKroneckerNormal on {grid}, noise_sd={self.noise_sd:.6g}>"
