"""Gaussian-process models for data on grids.

A model is read from a model file, or made of Python objects; it is fitted to an
:class:`xarray.DataArray`, and gives :class:`xarray.Dataset` predictions and draws for ArviZ::

    import gridgp

    model = gridgp.Model.from_toml("model.toml")
    fit = model.fit(sst, method="nuts", seed=1)
    fit.summary()
    fit.predict(year=[2011, 2012])

Modules: :mod:`gridgp.likelihoods`, :mod:`gridgp.priors`, :mod:`gridgp.kernels` are what models are
made of. The logger is called ``"gridgp"``.
"""

from gridgp._core import InferenceError, ModelError, NotPositiveDefiniteError, __version__
from gridgp.data import UnknownNameError
from gridgp.each import fit_each
from gridgp.fit import Fit, load
from gridgp.likelihoods import Likelihood
from gridgp.model import FitWarning, LogDensity, Model
from gridgp.priors import Prior
from gridgp.terms import (
    Axis,
    Covariate,
    Expression,
    Field,
    Intercept,
    Parameter,
    exp,
    logistic,
    normal_cdf,
    softplus,
    sqrt,
    tanh,
)

__all__ = [
    "Axis",
    "Covariate",
    "Expression",
    "Field",
    "Fit",
    "FitWarning",
    "InferenceError",
    "Intercept",
    "Likelihood",
    "LogDensity",
    "Model",
    "ModelError",
    "NotPositiveDefiniteError",
    "Parameter",
    "Prior",
    "UnknownNameError",
    "__version__",
    "exp",
    "fit_each",
    "load",
    "logistic",
    "normal_cdf",
    "softplus",
    "sqrt",
    "tanh",
]
