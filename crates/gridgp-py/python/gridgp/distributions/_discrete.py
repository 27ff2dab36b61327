"""Families of whole numbers."""

from __future__ import annotations

from numpy.typing import ArrayLike

from gridgp.distributions._family import Discrete


class Bernoulli(Discrete):
    """Yes or no: 1 with this probability, else 0.

    Parameters
    ----------
    probability
        Between 0 and 1.

    Notes
    -----
    ``scipy.stats.bernoulli(probability)``.
    """

    family = "bernoulli"

    def __init__(self, probability: ArrayLike) -> None:
        super().__init__(probability=probability)


class Binomial(Discrete):
    """Successes among trials.

    Parameters
    ----------
    probability
        Of a success, between 0 and 1.
    trials
        Their number.

    Notes
    -----
    ``scipy.stats.binom(trials, probability)``.
    """

    family = "binomial"

    def __init__(self, probability: ArrayLike, trials: ArrayLike = 1.0) -> None:
        super().__init__(probability=probability, trials=trials)


class Poisson(Discrete):
    """Counts.

    Parameters
    ----------
    rate
        The mean, above 0.

    Notes
    -----
    ``scipy.stats.poisson(rate)``.
    """

    family = "poisson"

    def __init__(self, rate: ArrayLike) -> None:
        super().__init__(rate=rate)


class NegativeBinomial(Discrete):
    """Counts that vary more than Poisson's: variance = mean + mean²/concentration.

    Parameters
    ----------
    mean
        The mean, above 0.
    concentration
        Above 0; Poisson's law for large ones. PyMC's ``alpha``, R's ``size``.

    Notes
    -----
    ``scipy.stats.nbinom(concentration, concentration / (concentration + mean))``.
    """

    family = "negative_binomial"

    def __init__(self, mean: ArrayLike, concentration: ArrayLike) -> None:
        super().__init__(mean=mean, concentration=concentration)
