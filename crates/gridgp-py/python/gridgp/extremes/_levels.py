"""Return levels and periods, and risks over periods of years."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, overload

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from gridgp import _core, _values

Float: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = float | NDArray[Any] | Sequence[Any]
"""Numbers without names of dimensions."""


def _over(f: Callable[..., Float], *arguments: Any, core: str | None = None) -> Any:
    """f over arrays; with names where an argument has them. ``core`` is a dimension to reduce."""
    if not any(_is_named(a) for a in arguments):
        return f(*arguments)
    dims = [[core] if core and core in getattr(a, "dims", ()) else [] for a in arguments]
    return xr.apply_ufunc(f, *arguments, input_core_dims=dims, keep_attrs=False)


def _is_named(a: object) -> bool:
    return isinstance(a, (xr.DataArray, xr.Dataset))


def _alongside(at: Any, name: str, **parameters: Any) -> Any:
    """``at``; beside DataArrays a list of them as the dimension ``name``.

    Nothing is matched by its length with a dimension that has a name.
    """
    if not any(_is_named(a) for a in (at, *parameters.values())):
        return at
    for key, value in parameters.items():
        if np.ndim(value) and not _is_named(value):
            raise ValueError(
                f"{key} is an array without names of dimensions beside DataArrays; make it a "
                'DataArray, xr.DataArray(values, dims="station")'
            )
    if np.ndim(at) == 0 or _is_named(at):
        return at
    taken = sorted(key for key, p in parameters.items() if name in getattr(p, "dims", ()))
    if taken or np.ndim(at) > 1:
        why = f"{taken[0]} has the dimension {name!r} already" if taken else "it is no list"
        raise ValueError(f"{name}: {why}; give it as a DataArray with dimensions of its own")
    values = np.asarray(at, dtype=np.float64)
    return xr.DataArray(values, {name: values}, [name])


def _flat(arrays: tuple[ArrayLike, ...]) -> tuple[list[Float], tuple[int, ...]]:
    """One number or all of the common shape, in a row each."""
    given = [_values.numbers(a, "a parameter") for a in arrays]
    shape = np.broadcast_shapes(*(a.shape for a in given))
    rows = [a if a.size == 1 else np.broadcast_to(a, shape) for a in given]
    return [np.ascontiguousarray(r.reshape(-1)) for r in rows], shape


def _returns(what: str) -> Callable[..., Float]:
    def f(location: ArrayLike, scale: ArrayLike, shape: ArrayLike, at: ArrayLike) -> Float:
        (a, b, c, d), common = _flat((location, scale, shape, at))
        return _core.extremes_return(what, a, b, c, d, math.prod(common)).reshape(common)

    return f


@overload
def return_level(location: Numbers, scale: Numbers, shape: Numbers, period: Numbers) -> Float: ...
@overload
def return_level(location: Any, scale: Any, shape: Any, period: Any) -> Any: ...
def return_level(location: Any, scale: Any, shape: Any, period: Any) -> Any:
    """The level that the maximum of one block exceeds with probability 1/period.

    Parameters
    ----------
    location, scale, shape
        Of the GEV; arrays or DataArrays.
    period
        In blocks (years of yearly maxima), above 1; NaN otherwise. A list beside DataArrays becomes
        the dimension ``period``.

    Returns
    -------
    ndarray or DataArray
        In the unit of the location.

    Raises
    ------
    ValueError
        Arrays without names of dimensions among DataArrays, which would be matched by length.

    References
    ----------
    Coles, An introduction to statistical modeling of extreme values (2001), equation (3.4).
    """
    period = _alongside(period, "period", location=location, scale=scale, shape=shape)
    return _over(_returns("level"), location, scale, shape, period)


@overload
def return_period(location: Numbers, scale: Numbers, shape: Numbers, level: Numbers) -> Float: ...
@overload
def return_period(location: Any, scale: Any, shape: Any, level: Any) -> Any: ...
def return_period(location: Any, scale: Any, shape: Any, level: Any) -> Any:
    """The period of which ``level`` is the return level; infinite beyond an upper end.

    A list of levels beside DataArrays becomes the dimension ``level``.
    """
    level = _alongside(level, "level", location=location, scale=scale, shape=shape)
    return _over(_returns("period"), location, scale, shape, level)


@overload
def exceedance(location: Numbers, scale: Numbers, shape: Numbers, level: Numbers) -> Float: ...
@overload
def exceedance(location: Any, scale: Any, shape: Any, level: Any) -> Any: ...
def exceedance(location: Any, scale: Any, shape: Any, level: Any) -> Any:
    """P(Y > level) for the maximum of one block, accurate far out, where 1 − cdf is not.

    A list of levels beside DataArrays becomes the dimension ``level``.
    """
    level = _alongside(level, "level", location=location, scale=scale, shape=shape)
    return _over(_returns("exceedance"), location, scale, shape, level)


def _over_years(
    what: str, parameters: tuple[Any, Any, Any], at: Any, name: str, dim: str
) -> Any:
    location, scale, shape = parameters
    at = _alongside(at, name, location=location, scale=scale, shape=shape)

    def f(location: ArrayLike, scale: ArrayLike, shape: ArrayLike, number: ArrayLike) -> Float:
        given = [_values.numbers(a, "a parameter") for a in (location, scale, shape)]
        each = _values.numbers(number, "the level or period")[..., np.newaxis]
        common = np.broadcast_shapes(*(a.shape for a in given), each.shape)
        rows = [np.broadcast_to(a, common).reshape(-1, common[-1]) for a in given]
        one = np.ascontiguousarray(np.broadcast_to(each[..., 0], common[:-1]).reshape(-1))
        found = _core.extremes_over_years(what, rows[0], rows[1], rows[2], one)
        return found.reshape(common[:-1])

    named = [p for p in parameters if isinstance(p, xr.DataArray)]
    if not named:
        if not any(np.ndim(p) for p in parameters):
            raise ValueError(
                "the years are the last dimension of location, scale or shape, and all three are "
                "numbers; give one value a year"
            )
        return f(*parameters, at)
    if not any(dim in p.dims for p in named):
        dims = sorted({str(d) for p in named for d in p.dims})
        raise ValueError(f"no parameter has the dimension {dim!r} of years; they have {dims}")
    # A parameter that does not change has one value a year all the same.
    year = next(p for p in named if dim in p.dims)[dim]
    spread = [
        p if dim in getattr(p, "dims", ()) else xr.DataArray(p).expand_dims({dim: year}, axis=-1)
        for p in parameters
    ]
    return _over(f, *spread, at, core=dim)


def design_life_level(
    location: Any, scale: Any, shape: Any, *, risk: Any, dim: str = "year"
) -> Any:
    """What is exceeded at least once in a period of years with probability ``risk``.

    Parameters
    ----------
    location, scale, shape
        Of the GEV of each year of the period: years along the last dimension of arrays, along
        ``dim`` of DataArrays. What does not change may have no such dimension.
    risk
        A probability between 0 and 1. A list beside DataArrays becomes the dimension ``risk``.
    dim
        The dimension of years.

    Returns
    -------
    ndarray or DataArray
        One level for the whole period, in the unit of the location.

    References
    ----------
    Rootzén and Katz, Design life level: quantifying risk in a changing climate (2013).

    Examples
    --------
    >>> import numpy as np
    >>> from gridgp.extremes import design_life_level, exceedance_over
    >>> location = 34.5 + 0.03 * np.arange(50)
    >>> level = design_life_level(location, 1.8, 0.1, risk=0.1)
    >>> round(float(exceedance_over(location, 1.8, 0.1, level=level)), 12)
    0.1
    """
    return _over_years("design_life_level", (location, scale, shape), risk, "risk", dim)


def equivalent_reliability_level(
    location: Any, scale: Any, shape: Any, *, period: Any, dim: str = "year"
) -> Any:
    """The level that a changing climate survives as a stationary one does its return level.

    Over T years that is with probability (1 − 1/period)ᵀ; where nothing changes it is the return
    level of ``period``. Parameters as of :func:`design_life_level`.
    """
    return _over_years("equivalent_reliability", (location, scale, shape), period, "period", dim)


def expected_exceedances_level(
    location: Any, scale: Any, shape: Any, *, period: Any, dim: str = "year"
) -> Any:
    """The level with T/period expected exceedances in T years. As :func:`design_life_level`."""
    parameters = (location, scale, shape)
    return _over_years("expected_exceedances_level", parameters, period, "period", dim)


def exceedance_over(location: Any, scale: Any, shape: Any, *, level: Any, dim: str = "year") -> Any:
    """P(at least one yearly maximum of the period exceeds ``level``); years independent."""
    return _over_years("exceedance_over", (location, scale, shape), level, "level", dim)
