"""Distributions with numbers in them, in the manner of ``scipy.stats``.

    >>> from gridgp.distributions import GEV
    >>> tmax = GEV(location=34.5, scale=1.8, shape=-0.12)
    >>> round(float(tmax.ppf(0.99)), 2)
    40.86

The families are the likelihoods of the model language, with the same parameters: see each class
for its convention and for the arguments that ``scipy.stats`` has instead. Parameters and
arguments broadcast as NumPy's do. Everything random takes a seed; the same seed gives the same
numbers.

:class:`KroneckerNormal` is the multivariate normal distribution of a grid.
"""

from gridgp.distributions._continuous import (
    GEV,
    Beta,
    BlendedGEV,
    Frechet,
    Gamma,
    Gaussian,
    GeneralizedPareto,
    Gumbel,
    Laplace,
    LogNormal,
    ReversedWeibull,
    StudentT,
    VonMises,
)
from gridgp.distributions._discrete import Bernoulli, Binomial, NegativeBinomial, Poisson
from gridgp.distributions._family import Continuous, Discrete, Distribution
from gridgp.distributions._kronecker_normal import (
    Factor,
    Gradient,
    KroneckerNormal,
    NoisyKroneckerNormal,
)

__all__ = [
    "GEV",
    "Bernoulli",
    "Beta",
    "Binomial",
    "BlendedGEV",
    "Continuous",
    "Discrete",
    "Distribution",
    "Factor",
    "Frechet",
    "Gamma",
    "Gaussian",
    "GeneralizedPareto",
    "Gradient",
    "Gumbel",
    "KroneckerNormal",
    "Laplace",
    "LogNormal",
    "NegativeBinomial",
    "NoisyKroneckerNormal",
    "Poisson",
    "ReversedWeibull",
    "StudentT",
    "VonMises",
]
