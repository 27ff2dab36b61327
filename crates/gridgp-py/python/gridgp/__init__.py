"""Gaussian-process models for data on grids."""

from gridgp._core import NotPositiveDefiniteError, __version__

__all__ = ["NotPositiveDefiniteError", "__version__"]
