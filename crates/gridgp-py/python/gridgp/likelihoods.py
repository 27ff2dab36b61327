"""Distributions of the response, with an equation for each of their parameters.

An equation is a number, a prior (an unknown that is the same in every cell), a
:class:`~gridgp.Parameter`, or a sum of parameters, fields and covariates, perhaps seen through a
link::

    Gaussian(location=mean + course, scale=noise)
    GEV(location=mu0 + base, scale=gridgp.exp(s0 + spread), shape=Normal(0.1, 0.1))

A parameter that is left out has a default prior, or a default value.
"""

from __future__ import annotations

from typing import TypeAlias

from gridgp.priors import Prior, number
from gridgp.terms import Expression

__all__ = [
    "GEV",
    "Bernoulli",
    "Beta",
    "Binomial",
    "BlendedGEV",
    "Frechet",
    "Gamma",
    "Gaussian",
    "GeneralizedPareto",
    "Gumbel",
    "Laplace",
    "Likelihood",
    "LogNormal",
    "NegativeBinomial",
    "Poisson",
    "ReversedWeibull",
    "StudentT",
    "VonMises",
]

Equation: TypeAlias = Expression | Prior | float | str
"""A number, a prior, an expression, or the text of an equation in the language of models."""


class Likelihood:
    """A distribution of the response, by the name that model files use.

    Parameters
    ----------
    family
        ``"gaussian"``, ``"gev"`` …
    **equations
        The parameters of the family.
    """

    def __init__(self, family: str, **equations: Equation | None) -> None:
        self.family = family
        self.equations: dict[str, Equation] = {}
        for name, equation in equations.items():
            if equation is None:
                continue
            if not isinstance(equation, Expression | Prior | str | int | float):
                try:
                    equation = float(number(equation, ""))
                except TypeError:
                    raise TypeError(
                        f"{name} of {family} is a {type(equation).__name__}; give a number, a prior, "
                        "a gridgp.Parameter, or a sum of parameters, fields and covariates"
                    ) from None
            self.equations[name] = equation

    def __repr__(self) -> str:
        inside = ", ".join(f"{name} = {value}" for name, value in self.equations.items())
        return f"{self.family}({inside})"


class Gaussian(Likelihood):
    """Normal distribution; ``scale`` is a standard deviation, the noise, in the response's unit."""

    def __init__(self, location: Equation, scale: Equation | None = None) -> None:
        super().__init__("gaussian", location=location, scale=scale)


class StudentT(Likelihood):
    """Numbers with outliers: Student's t with ``df`` degrees of freedom."""

    def __init__(
        self, location: Equation, scale: Equation | None = None, df: Equation | None = None
    ) -> None:
        super().__init__("student_t", location=location, scale=scale, df=df)


class Laplace(Likelihood):
    """Numbers with outliers: ``location`` is the median, ``scale`` the mean distance from it."""

    def __init__(self, location: Equation, scale: Equation | None = None) -> None:
        super().__init__("laplace", location=location, scale=scale)


class LogNormal(Likelihood):
    """Positive numbers: log y is normal with mean ``location`` and standard deviation ``scale``."""

    def __init__(self, location: Equation, scale: Equation | None = None) -> None:
        super().__init__("log_normal", location=location, scale=scale)


class Gamma(Likelihood):
    """Positive numbers with ``mean``; 1/``shape`` is the squared relative standard deviation."""

    def __init__(self, mean: Equation, shape: Equation | None = None) -> None:
        super().__init__("gamma", mean=mean, shape=shape)


class Beta(Likelihood):
    """Numbers between 0 and 1; ``concentration`` is the a + b of others."""

    def __init__(self, mean: Equation, concentration: Equation | None = None) -> None:
        super().__init__("beta", mean=mean, concentration=concentration)


class Bernoulli(Likelihood):
    """0 or 1, with the ``probability`` of 1."""

    def __init__(self, probability: Equation) -> None:
        super().__init__("bernoulli", probability=probability)


class Binomial(Likelihood):
    """0, 1 … ``trials``, which are known: a number or a covariate."""

    def __init__(self, probability: Equation, trials: Equation | None = None) -> None:
        super().__init__("binomial", probability=probability, trials=trials)


class Poisson(Likelihood):
    """Counts with expectation ``rate``."""

    def __init__(self, rate: Equation) -> None:
        super().__init__("poisson", rate=rate)


class NegativeBinomial(Likelihood):
    """Counts with variance mean + mean²/``concentration``."""

    def __init__(self, mean: Equation, concentration: Equation | None = None) -> None:
        super().__init__("negative_binomial", mean=mean, concentration=concentration)


class GEV(Likelihood):
    """Largest values of blocks; a positive ``shape`` is a heavy tail (SciPy's c is −shape)."""

    def __init__(
        self, location: Equation, scale: Equation | None = None, shape: Equation | None = None
    ) -> None:
        super().__init__("gev", location=location, scale=scale, shape=shape)


class BlendedGEV(Likelihood):
    """A GEV without a lower end: a Gumbel distribution below, blended into the GEV."""

    def __init__(
        self, location: Equation, scale: Equation | None = None, shape: Equation | None = None
    ) -> None:
        super().__init__("blended_gev", location=location, scale=scale, shape=shape)


class Gumbel(Likelihood):
    """The GEV with shape 0."""

    def __init__(self, location: Equation, scale: Equation | None = None) -> None:
        super().__init__("gumbel", location=location, scale=scale)


class Frechet(Likelihood):
    """The GEV with a ``shape`` above 0."""

    def __init__(
        self, location: Equation, scale: Equation | None = None, shape: Equation | None = None
    ) -> None:
        super().__init__("frechet", location=location, scale=scale, shape=shape)


class ReversedWeibull(Likelihood):
    """The GEV with a ``shape`` below 0."""

    def __init__(
        self, location: Equation, scale: Equation | None = None, shape: Equation | None = None
    ) -> None:
        super().__init__("reversed_weibull", location=location, scale=scale, shape=shape)


class GeneralizedPareto(Likelihood):
    """What lies above a ``threshold``, which is known: a number or a covariate."""

    def __init__(
        self,
        scale: Equation | None = None,
        shape: Equation | None = None,
        threshold: Equation | None = None,
    ) -> None:
        super().__init__("generalized_pareto", scale=scale, shape=shape, threshold=threshold)


class VonMises(Likelihood):
    """Angles in radians; ``concentration`` is about 1/variance where it is large."""

    def __init__(self, location: Equation, concentration: Equation | None = None) -> None:
        super().__init__("von_mises", location=location, concentration=concentration)
