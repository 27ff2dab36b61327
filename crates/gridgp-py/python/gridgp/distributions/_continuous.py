"""Families with a density."""

from __future__ import annotations

from numpy.typing import ArrayLike

from gridgp.distributions._family import Continuous


class Gaussian(Continuous):
    """p(y) = exp(−(y − location)²/(2 scale²)) / (scale √(2π)).

    Parameters
    ----------
    location
        The mean.
    scale
        The standard deviation, in the unit of y.

    Notes
    -----
    ``scipy.stats.norm(loc=location, scale=scale)``.
    """

    family = "gaussian"

    def __init__(self, location: ArrayLike, scale: ArrayLike) -> None:
        super().__init__(location=location, scale=scale)


class StudentT(Continuous):
    """Student's t: a bell with heavy tails.

    Parameters
    ----------
    location
        The median.
    scale
        The spread, in the unit of y; not the standard deviation.
    df
        Degrees of freedom, above 0; small for heavy tails.

    Notes
    -----
    ``scipy.stats.t(df, loc=location, scale=scale)``.
    """

    family = "student_t"

    def __init__(self, location: ArrayLike, scale: ArrayLike, df: ArrayLike) -> None:
        super().__init__(location=location, scale=scale, df=df)


class Laplace(Continuous):
    """p(y) = exp(−|y − location|/scale) / (2 scale).

    Parameters
    ----------
    location
        The median.
    scale
        The mean distance from it; the standard deviation is √2 scale.

    Notes
    -----
    ``scipy.stats.laplace(loc=location, scale=scale)``.
    """

    family = "laplace"

    def __init__(self, location: ArrayLike, scale: ArrayLike) -> None:
        super().__init__(location=location, scale=scale)


class LogNormal(Continuous):
    """log y is normal.

    Parameters
    ----------
    location
        The mean of log y; exp(location) is the median of y.
    scale
        The standard deviation of log y.

    Notes
    -----
    ``scipy.stats.lognorm(scale, scale=exp(location))``: SciPy's ``s`` is the scale here.
    """

    family = "log_normal"

    def __init__(self, location: ArrayLike, scale: ArrayLike) -> None:
        super().__init__(location=location, scale=scale)


class Gamma(Continuous):
    """The gamma distribution by its mean.

    Parameters
    ----------
    mean
        The mean, above 0.
    shape
        Above 0; the standard deviation is mean/√shape.

    Notes
    -----
    ``scipy.stats.gamma(shape, scale=mean / shape)``.
    """

    family = "gamma"

    def __init__(self, mean: ArrayLike, shape: ArrayLike) -> None:
        super().__init__(mean=mean, shape=shape)


class Beta(Continuous):
    """The beta distribution by its mean, on (0, 1).

    Parameters
    ----------
    mean
        The mean, between 0 and 1.
    concentration
        a + b, above 0; the variance is mean (1 − mean)/(concentration + 1).

    Notes
    -----
    ``scipy.stats.beta(mean * concentration, (1 - mean) * concentration)``.
    """

    family = "beta"

    def __init__(self, mean: ArrayLike, concentration: ArrayLike) -> None:
        super().__init__(mean=mean, concentration=concentration)


class VonMises(Continuous):
    """p(y) = exp(concentration cos(y − location)) / (2π I₀(concentration)), y in radians.

    Parameters
    ----------
    location
        The mean direction, in radians.
    concentration
        Above 0; about 1/variance where it is large.

    Notes
    -----
    ``scipy.stats.vonmises(concentration, loc=location)``; ``cdf`` counts from location − π.
    """

    family = "von_mises"

    def __init__(self, location: ArrayLike, concentration: ArrayLike) -> None:
        super().__init__(location=location, concentration=concentration)


class GEV(Continuous):
    """The generalized extreme-value distribution: the largest values of blocks.

    P(Y ≤ y) = exp(−(1 + shape z)^(−1/shape)), z = (y − location)/scale.

    Parameters
    ----------
    location
        The level with P(Y ≤ location) = 1/e; neither mean nor median.
    scale
        The spread, in the unit of y; not the standard deviation.
    shape
        ξ: above 0 a heavy upper tail, below 0 an upper end at location − scale/shape, 0 Gumbel's
        law, through which everything is smooth.

    Notes
    -----
    ``scipy.stats.genextreme(c=-shape, loc=location, scale=scale)``: **SciPy's c is −ξ**. The sign
    here is that of climate science, and of R's ``evd``, ``extRemes`` and ``ismev``.
    """

    family = "gev"

    def __init__(self, location: ArrayLike, scale: ArrayLike, shape: ArrayLike) -> None:
        super().__init__(location=location, scale=scale, shape=shape)


class Gumbel(Continuous):
    """P(Y ≤ y) = exp(−exp(−z)), z = (y − location)/scale: the :class:`GEV` of shape 0.

    Parameters
    ----------
    location
        The level with P(Y ≤ location) = 1/e.
    scale
        The spread, in the unit of y.

    Notes
    -----
    ``scipy.stats.gumbel_r(loc=location, scale=scale)``.
    """

    family = "gumbel"

    def __init__(self, location: ArrayLike, scale: ArrayLike) -> None:
        super().__init__(location=location, scale=scale)


class Frechet(Continuous):
    """The :class:`GEV` with a heavy tail: shape > 0.

    Parameters
    ----------
    location, scale, shape
        As of the GEV. Other books write Fréchet's law with its lower end m = location −
        scale/shape, the tail index α = 1/shape and the spread s = scale/shape.

    Notes
    -----
    ``scipy.stats.invweibull(1 / shape, loc=location - scale / shape, scale=scale / shape)``.
    """

    family = "frechet"

    def __init__(self, location: ArrayLike, scale: ArrayLike, shape: ArrayLike) -> None:
        super().__init__(location=location, scale=scale, shape=shape)


class ReversedWeibull(Continuous):
    """The :class:`GEV` with an upper end: shape < 0.

    Parameters
    ----------
    location, scale, shape
        As of the GEV; the upper end is location − scale/shape.

    Notes
    -----
    ``scipy.stats.weibull_max(-1 / shape, loc=location - scale / shape, scale=-scale / shape)``.
    """

    family = "reversed_weibull"

    def __init__(self, location: ArrayLike, scale: ArrayLike, shape: ArrayLike) -> None:
        super().__init__(location=location, scale=scale, shape=shape)


class GeneralizedPareto(Continuous):
    """What exceeds a high threshold: P(Y > y) = (1 + shape z)^(−1/shape), z ≥ 0.

    z = (y − threshold)/scale.

    Parameters
    ----------
    scale
        The spread of the excess, in the unit of y.
    shape
        ξ, with the sign of the :class:`GEV`: above 0 a heavy tail, 0 the exponential law.
    threshold
        0 where y is the excess.

    Notes
    -----
    ``scipy.stats.genpareto(c=shape, loc=threshold, scale=scale)``: here SciPy's c is +ξ.
    """

    family = "generalized_pareto"

    def __init__(self, scale: ArrayLike, shape: ArrayLike, threshold: ArrayLike = 0.0) -> None:
        super().__init__(scale=scale, shape=shape, threshold=threshold)


class BlendedGEV(Continuous):
    """The :class:`GEV` above its 20 % quantile, a Gumbel law below its 5 % quantile.

    It has the upper tail of the GEV and no lower end.

    Parameters
    ----------
    location, scale, shape
        As of the GEV.

    References
    ----------
    Castro-Camilo, Huser and Rue, Practical strategies for generalized extreme value-based
    regression models for extremes (2022).
    """

    family = "blended_gev"

    def __init__(self, location: ArrayLike, scale: ArrayLike, shape: ArrayLike) -> None:
        super().__init__(location=location, scale=scale, shape=shape)
