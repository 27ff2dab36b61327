"""Extremes: return levels, risks over periods, block maxima, peaks, simulated climates.

    >>> from gridgp.extremes import return_level, return_period
    >>> level = return_level(34.5, 1.8, -0.12, period=100.0)
    >>> round(float(level), 2)
    40.86
    >>> round(float(return_period(34.5, 1.8, -0.12, level)), 6)
    100.0

The sign of a shape is that of climate science: positive for a heavy tail, SciPy's c is −shape.
Arguments broadcast; where one of them is a DataArray, so is the result, and dimensions go by name.
Levels of a fit come from its posterior draws, one level a draw.
"""

from gridgp.extremes._levels import (
    design_life_level,
    equivalent_reliability_level,
    exceedance,
    exceedance_over,
    expected_exceedances_level,
    return_level,
    return_period,
)
from gridgp.extremes._series import Peaks, block_maxima, decluster, quantile_threshold
from gridgp.extremes._simulate import (
    Exponential,
    Linear,
    Stabilization,
    Varying,
    gev_observations,
    gmst,
    simulate,
    spatial_field,
)

__all__ = [
    "Exponential",
    "Linear",
    "Peaks",
    "Stabilization",
    "Varying",
    "block_maxima",
    "decluster",
    "design_life_level",
    "equivalent_reliability_level",
    "exceedance",
    "exceedance_over",
    "expected_exceedances_level",
    "gev_observations",
    "gmst",
    "quantile_threshold",
    "return_level",
    "return_period",
    "simulate",
    "spatial_field",
]
