"""Prior distributions of parameters.

A prior is a description: it prints as the text that model files use, and compares by it.

>>> from gridgp.priors import Gamma, Normal
>>> print(Normal(35, 5), Gamma(2, rate=2))
normal(35, 5) gamma(2, rate = 2)

Numbers may be written as arithmetic, as in model files: ``LogNormal("log(2)/2", 0.25)``.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np

from gridgp import _values

__all__ = [
    "Beta",
    "Exponential",
    "Gamma",
    "HalfCauchy",
    "HalfNormal",
    "HalfStudentT",
    "InverseGamma",
    "LogNormal",
    "Normal",
    "PCAmplitude",
    "PCLengthscale",
    "Prior",
    "TruncatedNormal",
    "Uniform",
]

Numeric: TypeAlias = float | str
"""A number, or arithmetic such as ``"log(2)/2"``."""


def number(value: object, what: str) -> str:
    """The text of a number in the language of models."""
    if isinstance(value, str):
        return value
    if getattr(value, "shape", None) == ():
        value = np.asarray(value)
    if _values.is_real(value):
        # Whole numbers without their point, others so that they read back to the last bit.
        exact = float(value)  # type: ignore[arg-type]
        if not math.isfinite(exact):
            raise ValueError(f"{what} is {exact}; give a finite number")
        return str(int(exact)) if exact.is_integer() and abs(exact) < 1e15 else repr(exact)
    raise TypeError(f"{what} is a {type(value).__name__}; give a number, or arithmetic as text")


class Prior:
    """A prior distribution; see the subclasses.

    Parameters
    ----------
    text
        The prior as model files write it, ``"normal(35, 5)"``.
    """

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f'a prior is text such as "normal(35, 5)", not {type(text).__name__}')
        self._text = text.strip()

    def _written(self, name: str, *arguments: Numeric, **named: Numeric | None) -> None:
        parts = [number(value, f"an argument of {name}") for value in arguments]
        parts += [
            f"{key} = {number(value, f'{key} of {name}')}"
            for key, value in named.items()
            if value is not None
        ]
        self._text = f"{name}({', '.join(parts)})"

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<prior {self._text}>"

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Prior) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> tuple[type[Prior], tuple[str]]:
        return Prior, (self._text,)

    def __gridgp_kernel__(self) -> str:
        """How a kernel writes a quantity with this prior."""
        return f"~ {self._text}"


def _one_of(name: str, rate: Numeric | None, scale: Numeric | None) -> None:
    if (rate is None) == (scale is None):
        raise TypeError(f"{name} takes either rate or scale, by name: {name}(…, rate=2)")


class Normal(Prior):
    """Normal distribution with ``mean`` and standard deviation ``sd``."""

    def __init__(self, mean: Numeric, sd: Numeric) -> None:
        self._written("normal", mean, sd)


class LogNormal(Prior):
    """log x is normal with ``mean_log`` and ``sd_log``; the median of x is exp(mean_log)."""

    def __init__(self, mean_log: Numeric, sd_log: Numeric) -> None:
        self._written("log_normal", mean_log, sd_log)


class HalfNormal(Prior):
    """√(2/π) exp(−x²/2sd²)/sd for x > 0; ``sd`` is that of the whole normal distribution."""

    def __init__(self, sd: Numeric) -> None:
        self._written("half_normal", sd)


class Gamma(Prior):
    """Gamma distribution with mean shape / ``rate``, or shape · ``scale``."""

    def __init__(
        self, shape: Numeric, *, rate: Numeric | None = None, scale: Numeric | None = None
    ) -> None:
        _one_of("Gamma", rate, scale)
        self._written("gamma", shape, rate=rate, scale=scale)


class InverseGamma(Prior):
    """1/x is gamma distributed; the mean is ``scale`` / (shape − 1)."""

    def __init__(self, shape: Numeric, *, scale: Numeric) -> None:
        self._written("inverse_gamma", shape, scale=scale)


class HalfCauchy(Prior):
    """2 / (π scale (1 + (x/scale)²)) for x > 0."""

    def __init__(self, scale: Numeric) -> None:
        self._written("half_cauchy", scale)


class HalfStudentT(Prior):
    """Student's t with ``df`` degrees of freedom and ``scale``, folded."""

    def __init__(self, df: Numeric, scale: Numeric) -> None:
        self._written("half_student_t", df, scale)


class TruncatedNormal(Prior):
    """A normal distribution between ``lower`` and ``upper``, either of which may be absent."""

    def __init__(
        self,
        mean: Numeric,
        sd: Numeric,
        *,
        lower: Numeric | None = None,
        upper: Numeric | None = None,
    ) -> None:
        self._written("truncated_normal", mean, sd, lower=lower, upper=upper)


class Uniform(Prior):
    """1 / (upper − lower) between ``lower`` and ``upper``."""

    def __init__(self, lower: Numeric, upper: Numeric) -> None:
        self._written("uniform", lower, upper)


class Exponential(Prior):
    """Exponential distribution with mean 1 / ``rate``, or ``scale``."""

    def __init__(self, *, rate: Numeric | None = None, scale: Numeric | None = None) -> None:
        _one_of("Exponential", rate, scale)
        self._written("exponential", rate=rate, scale=scale)


class Beta(Prior):
    """Beta distribution on (0, 1) with mean a / (a + b)."""

    def __init__(self, a: Numeric, b: Numeric) -> None:
        self._written("beta", a, b)


class PCAmplitude(Prior):
    """Penalized complexity: P(x > ``upper``) = ``prob``; shrinks to no field."""

    def __init__(self, *, upper: Numeric, prob: Numeric) -> None:
        self._written("pc_amplitude", upper=upper, prob=prob)


class PCLengthscale(Prior):
    """Penalized complexity: P(x < ``lower``) = ``prob``; shrinks to a constant field.

    ``dim`` is the number of coordinates that the lengthscale is for, 1 by default.
    """

    def __init__(self, *, lower: Numeric, prob: Numeric, dim: int | None = None) -> None:
        self._written("pc_lengthscale", lower=lower, prob=prob, dim=dim)
