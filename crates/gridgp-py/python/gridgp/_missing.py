"""What the attributes of NetCDF make missing and xarray leaves in place."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

_DEFAULT_FILL: dict[str, float] = {
    "i2": -32767,
    "u2": 65535,
    "i4": -2147483647,
    "u4": 4294967295,
    "i8": -9223372036854775806,
    "u8": 18446744073709551614,
    "f4": 9.969209968386869e36,
    "f8": 9.969209968386869e36,
}


def masked(array: xr.DataArray, values: NDArray[Any], name: str) -> NDArray[Any]:
    """The values with NaN outside of the valid range and where nothing was written.

    Of an array that comes from a file, whose encoding says how it was stored, as the NetCDF User
    Guide has it: ``valid_range`` (or ``valid_min``, ``valid_max``) is in the unit of the stored
    numbers, unless it has the type of ``scale_factor`` and that is wider; without ``_FillValue``
    the default fill of the type is missing. Of a computed array values outside of the range are a
    warning, since its unit may have changed.
    """
    low, high, of_range = _range(array.attrs)
    encoding = array.encoding
    if "dtype" not in encoding or np.dtype(encoding["dtype"]).kind not in "iuf":
        # Without a range there is nothing to look at, and no array to make for it.
        outside = 0 if of_range is None else int(((values < low) | (values > high)).sum())
        if outside:
            warnings.warn(
                f"{outside} values of {name} lie outside of its valid range, {low:g} to {high:g}, and "
                "are data here; make them missing with .where(…), or drop the attribute",
                stacklevel=2,
            )
        return values
    dtype = np.dtype(encoding["dtype"])
    packing = [encoding[k] for k in ("scale_factor", "add_offset") if k in encoding]
    scale, offset = (
        float(np.asarray(encoding.get(key, default)).item())
        for key, default in (("scale_factor", 1.0), ("add_offset", 0.0))
    )
    stored = (values.astype(np.float64) - offset) / scale if packing else values
    if packing and dtype.kind in "iu":
        stored = np.round(stored)
    if str(encoding.get("_Unsigned", "")).lower() == "true":
        dtype = np.dtype(f"u{dtype.itemsize}")
        low, high = (x + 2.0 ** (8 * dtype.itemsize) if x < 0 else x for x in (low, high))
    unpacked = np.result_type(*(np.asarray(x).dtype for x in packing)) if packing else None
    of_values = (
        unpacked is not None
        and of_range == unpacked
        and unpacked.kind == "f"
        and (dtype.kind != "f" or unpacked.itemsize > dtype.itemsize)
    )
    ranged = values if of_values else stored
    if ranged.dtype == np.float32:
        low, high = float(np.float32(low)), float(np.float32(high))
    missing = (ranged < low) | (ranged > high)
    if "_FillValue" not in encoding:
        fill = _DEFAULT_FILL.get(f"{dtype.kind}{dtype.itemsize}")
        if fill is not None:
            missing |= stored == (np.float32(fill) if dtype == np.float32 else fill)
    return np.where(missing, np.nan, values) if missing.any() else values


def _range(attrs: dict[str, Any]) -> tuple[float, float, np.dtype[Any] | None]:
    """The smallest and the largest valid value, and the type in which they are written."""
    both = attrs.get("valid_range")
    if both is not None and np.size(both) == 2:
        low, high = np.asarray(both).ravel()
        return float(low), float(high), np.asarray(both).dtype
    given = [attrs[key] for key in ("valid_min", "valid_max") if key in attrs]
    low, high = attrs.get("valid_min", -np.inf), attrs.get("valid_max", np.inf)
    dtype = np.result_type(*(np.asarray(x).dtype for x in given)) if given else None
    return float(low), float(high), dtype
