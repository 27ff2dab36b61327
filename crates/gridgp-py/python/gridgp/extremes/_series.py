"""Maxima of blocks and peaks over thresholds, from series."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias, TypeVar, overload

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from gridgp import _core, _values

Float: TypeAlias = NDArray[np.float64]
Series = TypeVar("Series", xr.DataArray, "pd.Series[Any]")


class Peaks(NamedTuple):
    """The peaks of clusters of exceedances."""

    at: NDArray[np.int64]
    """Positions of the peaks in the series."""
    value: Float
    """Their values."""
    first: NDArray[np.int64]
    """Where each cluster begins."""
    last: NDArray[np.int64]
    """Its last exceedance."""


def block_maxima(
    series: Series,
    *,
    dim: str = "time",
    coverage: float = 0.9,
    begins: int = 1,
    blocks: ArrayLike | None = None,
) -> Series:
    """The largest value of each year, or of each of some other blocks.

    The numbers are those of ``gridgp block-maxima``.

    Parameters
    ----------
    series
        A DataArray with a dimension of times, among others perhaps; or a pandas Series with times
        as its index. NaN is missing. Times in any order.
    dim
        The dimension of times.
    coverage
        A year with less than this share of its values is missing; times that the series does not
        have count as missing. The step of the series is the shortest time between two of them;
        with at most one time a month it is that of the calendar, 12 months a year.
    begins
        The month in which a year begins: 10 for a wet season that spans the turn of the year.
        From July on a year has the number of its end.
    blocks
        The number of the block of each time, in place of its year. Times that the series does
        not have are then unknown and do not count.

    Returns
    -------
    DataArray or Series
        With ``year`` (or ``block``) in place of the times, in increasing order; of a DataArray it
        is the last dimension. Attributes are kept.

    Raises
    ------
    ValueError
        If no year has enough values, or times are no times.

    Examples
    --------
    >>> import numpy as np, pandas as pd, xarray as xr
    >>> from gridgp.extremes import block_maxima
    >>> time = pd.date_range("2001-01-01", "2002-12-31")
    >>> daily = xr.DataArray(np.arange(730.0), coords={"time": time})
    >>> block_maxima(daily).values
    array([364., 729.])
    """
    if isinstance(series, pd.Series):
        if isinstance(series.index, pd.MultiIndex):
            raise ValueError(
                "the index has several levels; use series.to_xarray(), or groupby the others"
            )
        array = xr.DataArray(_values.numbers(series, "the series"), {dim: series.index.values}, [dim])
        found = block_maxima(array, dim=dim, coverage=coverage, begins=begins, blocks=blocks)
        name = str(found.dims[-1])
        index = pd.Index(found[name].values, name=name)
        return pd.Series(found.values, index=index, name=series.name)
    if not isinstance(series, xr.DataArray):
        raise TypeError(
            "block_maxima takes a DataArray with times or a pandas Series, not "
            f"{type(series).__name__}; xr.DataArray(values, coords={{'time': times}}) makes one"
        )
    if dim not in series.dims:
        raise ValueError(f"the series has no dimension {dim!r}; it has {list(series.dims)}")
    others: list[Any] = [d for d in series.dims if d != dim]
    ordered = series.transpose(*others, dim)
    values = _values.numbers(ordered, "the series")
    n = values.shape[-1]
    if blocks is None:
        numbers, _, lengths = _years(series[dim], _values.count(begins, "begins", 1))
        # Times that the series does not have are missing: NaN behind the last value.
        years, have = np.unique(numbers, return_counts=True)
        lacks = [max(lengths[int(y)] - int(n), 0) for y, n in zip(years, have, strict=True)]
        numbers = np.concatenate([numbers, np.repeat(years, lacks)])
        name, what = "year", "year"
    else:
        given = _values.numbers(blocks, "blocks")
        if not np.array_equal(given, np.floor(given)):
            raise TypeError("blocks are numbered by whole numbers, one for each time")
        numbers = given.astype(np.int64)
        name, what = "block", "block"
        if numbers.shape != (n,):
            raise ValueError(f"there are {n} times and block numbers of shape {numbers.shape}")
    rows = np.full((values[..., 0].size, len(numbers)), np.nan)
    rows[:, :n] = values.reshape(-1, n)
    found_blocks, maxima, _, present = _core.extremes_block_maxima(
        rows, np.ascontiguousarray(numbers), coverage
    )
    if maxima.size and np.isnan(maxima).all():
        raise ValueError(
            f"no {what} has {coverage} of its values; the fullest has {present.max()}; lower "
            "coverage, or give more of the series"
        )
    keep = {
        str(key): value
        for key, value in series.coords.items()
        if dim not in value.dims and key != name
    }
    return xr.DataArray(
        maxima.reshape(*values.shape[:-1], len(found_blocks)),
        coords={**keep, name: found_blocks},
        dims=[*others, name],
        name=series.name,
        attrs=series.attrs,
    )


def _years(times: xr.DataArray, begins: int) -> tuple[NDArray[np.int64], Float, dict[int, int]]:
    """The year of each time, when it is in steps of the series, how many times a whole year has."""
    values = times.values
    if np.issubdtype(values.dtype, np.datetime64):
        units, calendar = "seconds since 1970-01-01", "proleptic_gregorian"
        numbers = (values - np.datetime64("1970-01-01", "s")) / np.timedelta64(1, "s")
        if np.isnat(values).any():
            raise ValueError(f"{times.name!r} has missing times (NaT); drop them")
    elif _are_times(values):
        import cftime  # type: ignore[import-untyped]

        units, calendar = "days since 1970-01-01", str(values[0].calendar)
        numbers = cftime.date2num(values, units, calendar=calendar)
    else:
        raise ValueError(
            f"{times.name!r} holds {values.dtype} and no times; give dates (np.datetime64, "
            "pd.to_datetime(…)), or the blocks themselves: blocks=series.year"
        )
    numbers = np.ascontiguousarray(numbers, dtype=np.float64)
    years, at, lengths = _core.extremes_year_blocks(numbers, units, calendar, begins)
    return years, at, dict(lengths)


def _are_times(values: NDArray[Any]) -> bool:
    is_cftime = values.dtype == object and len(values) > 0 and hasattr(values[0], "calendar")
    return np.issubdtype(values.dtype, np.datetime64) or is_cftime


@overload
def quantile_threshold(series: ArrayLike, q: float) -> float: ...
@overload
def quantile_threshold(series: xr.DataArray, q: float, *, dim: str) -> xr.DataArray: ...
def quantile_threshold(series: Any, q: float, *, dim: str | None = None) -> Any:
    """The value that a share q of the series does not exceed: a first choice of a threshold.

    Parameters
    ----------
    series
        Values; NaN is missing. With ``dim``, a DataArray with one threshold for each series along
        it.
    q
        The share: 0.95, 0.98.
    """
    if dim is None:
        row = np.ascontiguousarray(_values.numbers(series, "the series").reshape(-1))
        return _core.extremes_threshold(row, q)

    def along(values: Float) -> Float:
        rows = np.ascontiguousarray(values, dtype=np.float64).reshape(-1, values.shape[-1])
        found = [_core.extremes_threshold(row, q) for row in rows]
        return np.array(found).reshape(values.shape[:-1])

    return xr.apply_ufunc(along, series, input_core_dims=[[dim]], keep_attrs=True)


@overload
def decluster(series: xr.DataArray, threshold: float, *, run: int = 1) -> xr.DataArray: ...
@overload
def decluster(series: pd.Series[Any], threshold: float, *, run: int = 1) -> pd.Series[Any]: ...
@overload
def decluster(series: ArrayLike, threshold: float, *, run: int = 1) -> Peaks: ...
def decluster(series: Any, threshold: float, *, run: int = 1) -> Any:
    """The peaks of the clusters of values above a threshold, by the runs method.

    Parameters
    ----------
    series
        A DataArray of one dimension, a pandas Series or an array. NaN is missing, and counts as not
        above the threshold. So do times that a series with times does not have; others are evenly
        spaced, a value after the other.
    threshold
        In the unit of the series.
    run
        A cluster ends when this many values in a row are not above the threshold.

    Returns
    -------
    DataArray, Series or Peaks
        The peaks at their times; of a plain array positions, values and ends of the clusters.

    References
    ----------
    Coles, An introduction to statistical modeling of extreme values (2001), section 5.3.2.

    Examples
    --------
    >>> from gridgp.extremes import decluster
    >>> rain = [0.0, 12.0, 15.0, 3.0, 11.0, 0.0, 0.0, 0.0, 20.0]
    >>> decluster(rain, 10.0, run=2).value
    array([15., 20.])
    """
    values = np.ascontiguousarray(_values.numbers(series, "the series"))
    if values.ndim != 1:
        raise ValueError(
            f"the series has the shape {values.shape}; peaks are of one series at a time: select "
            "one, series.sel(station=…)"
        )
    index: Any = np.empty(0)
    if isinstance(series, xr.DataArray):
        index = series.coords.get(series.dims[0], index)
    elif isinstance(series, pd.Series):
        index = series.index
    times = xr.DataArray(np.asarray(index), dims="time", name="time")
    at = _years(times, 1)[1] if len(values) > 1 and _are_times(times.values) else np.empty(0)
    order = np.argsort(at, kind="stable") if len(at) else np.arange(len(values))
    where, value, first, last = _core.extremes_decluster(
        values[order],
        np.sort(at),
        _values.scalar(threshold, "the threshold"),
        _values.count(run, "run"),
    )
    peaks = Peaks(order[where], value, order[first], order[last])
    if isinstance(series, xr.DataArray):
        return series.isel({series.dims[0]: peaks.at})
    if isinstance(series, pd.Series):
        return series.iloc[peaks.at]
    return peaks
