"""Times and durations as the arrays that the core takes, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

_CODES = {
    "days": "D",
    "hours": "h",
    "minutes": "m",
    "seconds": "s",
    "milliseconds": "ms",
    "microseconds": "us",
    "nanoseconds": "ns",
}
_GREGORIAN = np.datetime64("1582-10-15")
_COMMON = ("standard", "gregorian", "proleptic_gregorian")


def is_cftime(values: NDArray[Any]) -> bool:
    """Whether an array holds dates of cftime, which know their calendar."""
    return values.dtype.kind == "O" and values.size > 0 and hasattr(values.flat[0], "calendar")


def encoded(
    values: NDArray[Any], encoding: Mapping[Any, Any], name: str
) -> tuple[NDArray[Any], str, str | None] | None:
    """Values, unit for the model and calendar of times and durations; None for others.

    The values are datetime64 or timedelta64, or the whole microseconds since 1970 of cftime's dates
    in their own calendar. Times keep the unit of the file that they came from; without one they are
    days since 1970-01-01 for the model, and durations are days.
    """
    of_cftime = is_cftime(values)
    if values.dtype.kind not in "mM" and not of_cftime:
        return None
    if values.dtype.kind in "mM":
        if np.isnat(values).any():
            where = int(np.flatnonzero(np.isnat(values))[0])
            raise ValueError(
                f"the coordinate {name!r} is missing (NaT) at position {where}; drop it with "
                f".dropna({name!r}), or select the others"
            )
        if np.datetime_data(values.dtype)[0] not in ("s", "ms", "us", "ns"):
            values = values.astype(f"{values.dtype.kind}8[s]")
    own = str(encoding.get("units", ""))
    if values.dtype.kind == "m":
        return values, own if own in _CODES else "days", None
    units = own if " since " in own else "days since 1970-01-01"
    if of_cftime:
        import cftime  # type: ignore[import-untyped]

        calendar = str(values.flat[0].calendar)
        whole = cftime.date2num(values, "microseconds since 1970-01-01", calendar=calendar)
        return np.asarray(whole, dtype=np.int64), units, calendar
    # NumPy's times are proleptic; files of today call that "standard", which it is since 1582.
    calendar = str(encoding.get("calendar", "standard")).lower()
    if calendar not in _COMMON or bool((values < _GREGORIAN).any()):
        calendar = "proleptic_gregorian"
    return values, units, calendar


def decoded(
    dims: Sequence[str] | str, values: NDArray[Any], attrs: Mapping[str, Any]
) -> xr.Variable:
    """A variable of the core in the type that it came from; times otherwise as xarray reads them.

    What is no time for xarray stays numbers with a unit.
    """
    import xarray as xr

    attrs = dict(attrs)
    # xarray has a meaning for "bool" itself.
    dtype = "" if attrs.get("dtype") == "bool" else str(attrs.pop("dtype", ""))
    attrs.pop("gridgp_units", None)
    step, _, since = str(attrs.get("units", "")).partition(" since ")
    is_whole = values.dtype.kind == "i" and step in _CODES
    if dtype == "float32":
        return xr.Variable(dims, values.astype(dtype), attrs)
    if dtype.startswith("timedelta64") and is_whole:
        del attrs["units"]
        return xr.Variable(dims, values.astype(f"m8[{_CODES[step]}]").astype(dtype), attrs)
    if "calendar" not in attrs or dtype == "float64":
        return xr.Variable(dims, values, attrs)
    if dtype.startswith("datetime64") and is_whole and since == "1970-01-01":
        attrs = {k: v for k, v in attrs.items() if k not in ("units", "calendar")}
        return xr.Variable(dims, values.astype(f"M8[{_CODES[step]}]").astype(dtype), attrs)
    if dtype == "cftime":
        import cftime

        units, calendar = attrs.pop("units"), attrs.pop("calendar")
        dates = cftime.num2date(values, units, calendar, only_use_cftime_datetimes=True)
        return xr.Variable(dims, dates, attrs)
    plain = xr.Variable(dims, values, attrs)
    try:
        times: xr.Variable = xr.conventions.decode_cf_variable("time", plain, decode_timedelta=False)
    except (ValueError, OverflowError):
        return plain
    return times


def of_core(
    dim: str, values: NDArray[Any] | list[str], units: str | None, calendar: str | None
) -> xr.Variable:
    """A variable of what :func:`gridgp.data.coordinate` and the core call the points of an axis."""
    import xarray as xr

    array = np.asarray(values)
    if array.dtype.kind in "mM":
        return xr.Variable(dim, array)
    attrs = {k: v for k, v in (("units", units), ("calendar", calendar)) if v}
    if array.dtype.kind == "i":
        attrs |= {"units": "microseconds since 1970-01-01", "dtype": "cftime"}
    return decoded(dim, array, attrs)
