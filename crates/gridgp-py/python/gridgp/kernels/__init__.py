"""Covariance functions: with numbers on their own, with names and priors in a model.

A kernel is an expression. With numbers in it, it is a function of points::

    >>> from gridgp.kernels import Matern32, Periodic, White
    >>> k = 4.0 * Matern32(lengthscale=2.0) + White()
    >>> k.gram([0.0, 1.0]).round(4)
    array([[5.    , 3.1396],
           [3.1396, 5.    ]])

With names or priors in it, it is part of a model, and its text is that of the model file::

    >>> print(Matern32(lengthscale="ls") * Periodic(period=12.0, lengthscale="smoothness"))
    matern32(lengthscale = ls) * periodic(period = 12, lengthscale = smoothness)

Conventions. Stationary kernels have k(x, x) = 1 and no amplitude; ``a**2 * k`` has standard
deviation a. :func:`from_pymc` and :func:`from_gpytorch` translate kernels whose parameters mean
something else there.
"""

from gridgp.kernels._built_in import (
    Constant,
    Coregionalization,
    Cosine,
    Linear,
    Matern12,
    Matern32,
    Matern52,
    Monomial,
    Periodic,
    Polynomial,
    RationalQuadratic,
    SquaredExponential,
    White,
)
from gridgp.kernels._expression import Kernel, Product, Quantity, Scaled, Sum
from gridgp.kernels._from_gpytorch import from_gpytorch
from gridgp.kernels._from_pymc import from_pymc

__all__ = [
    "Constant",
    "Coregionalization",
    "Cosine",
    "Kernel",
    "Linear",
    "Matern12",
    "Matern32",
    "Matern52",
    "Monomial",
    "Periodic",
    "Polynomial",
    "Product",
    "Quantity",
    "RationalQuadratic",
    "Scaled",
    "SquaredExponential",
    "Sum",
    "White",
    "from_gpytorch",
    "from_pymc",
]
