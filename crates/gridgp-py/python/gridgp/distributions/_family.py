"""What all families can do."""

from __future__ import annotations

import math
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridgp import _core, _values

Float: TypeAlias = NDArray[np.float64]


class Distribution:
    """A distribution of one number, with parameters that are numbers or arrays.

    A NaN, as argument or parameter, gives NaN. Results have the shape to which the parameters and the argument broadcast; a shape of () gives
    an array without dimensions, which is a number to NumPy and to ``float``.
    """

    family: ClassVar[str]
    """Its name in model files."""

    def __init__(self, **parameters: ArrayLike) -> None:
        self.parameters: dict[str, Float] = {
            name: _values.numbers(value, name) for name, value in parameters.items()
        }
        """The parameters by name."""
        self.shape: tuple[int, ...] = np.broadcast_shapes(
            *(p.shape for p in self.parameters.values())
        )
        """The shape to which the parameters broadcast."""
        _core.family_check(self.family, self._flat(self.shape))

    def __repr__(self) -> str:
        def text(p: Float) -> str:
            return f"{p:.6g}" if p.ndim == 0 else f"<{'×'.join(map(str, p.shape))}>"

        inner = ", ".join(f"{name}={text(p)}" for name, p in self.parameters.items())
        return f"{type(self).__name__}({inner})"

    def _flat(self, shape: tuple[int, ...]) -> list[Float]:
        return [_flat(p, shape) for p in self.parameters.values()]

    def _value(self, what: str, y: ArrayLike) -> Float:
        array = _values.numbers(y, "the argument")
        shape = np.broadcast_shapes(self.shape, array.shape)
        n = math.prod(shape)
        found = _core.family_value(self.family, what, _flat(array, shape), self._flat(shape), n)
        return found.reshape(shape)

    def log_prob(self, y: ArrayLike) -> Float:
        """log p(y): of the density, or of the probability of a discrete y.

        −∞ outside of the support; NaN at NaN.
        """
        return self._value("log_prob", y)

    def log_prob_gradient(self, y: ArrayLike) -> tuple[Float, dict[str, Float]]:
        """log p(y), and its derivative with respect to each parameter, by name.

        The derivative of a parameter that is always known (``trials``, ``threshold``) is 0.
        """
        array = _values.numbers(y, "the argument")
        shape = np.broadcast_shapes(self.shape, array.shape)
        n = math.prod(shape)
        value, slopes = _core.family_gradient(
            self.family, _flat(array, shape), self._flat(shape), n
        )
        names = self.parameters
        return value.reshape(shape), {
            name: slope.reshape(shape) for name, slope in zip(names, slopes, strict=True)
        }

    def cdf(self, y: ArrayLike) -> Float:
        """P(Y ≤ y)."""
        return self._value("cdf", y)

    def sf(self, y: ArrayLike) -> Float:
        """P(Y > y), with all digits far out, where 1 − cdf has none left."""
        return self._value("sf", y)

    def logcdf(self, y: ArrayLike) -> Float:
        """log P(Y ≤ y), also where the probability itself underflows."""
        return self._value("log_cdf", y)

    def logsf(self, y: ArrayLike) -> Float:
        """log P(Y > y), also where the probability itself underflows."""
        return self._value("log_sf", y)

    def ppf(self, q: ArrayLike) -> Float:
        """The quantile: the smallest y with P(Y ≤ y) ≥ q; NaN for q outside of [0, 1]."""
        return self._value("quantile", q)

    def isf(self, q: ArrayLike) -> Float:
        """The level that is exceeded with probability q, for any small q; NaN outside of [0, 1]."""
        return self._value("upper_quantile", q)

    def median(self) -> Float:
        """The quantile of ½."""
        return self.ppf(0.5)

    def interval(self, confidence: float) -> tuple[Float, Float]:
        """The ends of the interval with equal tails that has this probability."""
        tail = 0.5 * (1.0 - _values.scalar(confidence, "the confidence"))
        return self.ppf(tail), self.ppf(1.0 - tail)

    def _moment(self, what: str) -> Float:
        n = math.prod(self.shape)
        return _core.family_moment(self.family, what, self._flat(self.shape), n).reshape(self.shape)

    def mean(self) -> Float:
        """E(Y); NaN or infinite where it does not exist."""
        return self._moment("mean")

    def std(self) -> Float:
        """The standard deviation; NaN or infinite where it does not exist."""
        return self._moment("sd")

    def var(self) -> Float:
        """The variance."""
        return np.asarray(self.std() ** 2)

    def rvs(self, size: int | tuple[int, ...] | None = None, *, seed: _values.Seed) -> Float:
        """Draws.

        Parameters
        ----------
        size
            The shape of the result, to which the parameters must broadcast; theirs by default.
        seed
            The same seed gives the same draws.
        """
        shape = self.shape if size is None else _values.size(size)
        if np.broadcast_shapes(self.shape, shape) != shape:
            raise ValueError(
                f"the parameters have the shape {self.shape}, which does not broadcast to the "
                f"size {shape}"
            )
        n = math.prod(shape)
        return _core.family_sample(
            self.family, self._flat(shape), n, _values.seed(seed)
        ).reshape(shape)


class Continuous(Distribution):
    """A distribution with a density."""

    def logpdf(self, y: ArrayLike) -> Float:
        """log p(y); −∞ outside of the support."""
        return self.log_prob(y)

    def pdf(self, y: ArrayLike) -> Float:
        """p(y)."""
        return np.asarray(np.exp(self.log_prob(y)))


class Discrete(Distribution):
    """A distribution of whole numbers."""

    def logpmf(self, y: ArrayLike) -> Float:
        """log P(Y = y); −∞ where y is impossible."""
        return self.log_prob(y)

    def pmf(self, y: ArrayLike) -> Float:
        """P(Y = y)."""
        return np.asarray(np.exp(self.log_prob(y)))


def _flat(array: Float, shape: tuple[int, ...]) -> Float:
    """One number for all, or as many as the shape has; never a copy of the one."""
    if array.size == 1:
        return np.ascontiguousarray(array.reshape(1))
    return np.ascontiguousarray(np.broadcast_to(array, shape).reshape(-1))
