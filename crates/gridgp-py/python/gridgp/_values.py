"""What people hand over, as numbers, times, labels and settings; and a word about what cannot be.

Everything that enters the package passes here. NumPy alone would drop the mask of a masked array,
read text as numbers, count times in nanoseconds and cut off imaginary parts and decimals.
"""

from __future__ import annotations

import datetime
import numbers as _numbers
import operator
import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Float: TypeAlias = NDArray[np.float64]
Seed: TypeAlias = int | np.random.Generator
"""What makes random numbers the same again: a whole number, or a generator that gives one."""

_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal", "boolean"}
_TIMES = {"datetime", "datetime64", "date"}


def is_real(value: object) -> bool:
    """Whether it is one real number: of Python, of NumPy, or an array without dimensions."""
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "iuf"
    return isinstance(value, _numbers.Real | Decimal) and not isinstance(value, bool)


def plain(values: Any, what: str) -> NDArray[Any]:
    """An array of numbers, times without a zone, or text; of objects only for times of cftime.

    What is masked or missing is NaN, or NaT among times. Times with a zone become those of UTC,
    periods their first instant, categories their values.

    Raises
    ------
    TypeError
        Values of several kinds, or of another kind; `what` names them in the message.
    """
    if isinstance(values, np.ma.MaskedArray):
        return _unmasked(values, what)
    try:
        array = np.asarray(values)
    except ValueError as e:
        raise ValueError(f"{what} is no array, since its rows differ in length: {e}") from None
    return _of_objects(array, what) if array.dtype.kind == "O" else array


def numbers(values: Any, what: str) -> Float:
    """The values as float64, NaN where they are missing; not copied where they are that already.

    Raises
    ------
    TypeError
        They are no real numbers.
    """
    array = plain(values, what)
    if array.dtype.kind not in "biuf":
        kind = {"M": "times", "m": "time spans", "c": "complex numbers", "O": "times"}.get(
            array.dtype.kind, f"text such as {str(array.reshape(-1)[0])!r}" if array.size else "text"
        )
        raise TypeError(f"{what} holds {kind}, and numbers are needed")
    return array.astype(np.float64, copy=False)


def row(values: Any, what: str) -> Float:
    """Numbers in one dimension."""
    array = numbers(values, what)
    if array.ndim != 1:
        raise ValueError(f"{what} has the shape {array.shape}; it must have one dimension")
    return array


def _unmasked(values: np.ma.MaskedArray[Any, Any], what: str) -> NDArray[Any]:
    if values.dtype.kind in "biuf":
        return np.where(np.ma.getmaskarray(values), np.nan, values.data.astype(np.float64))
    if values.dtype.kind in "mM":
        return np.where(np.ma.getmaskarray(values), np.array("NaT", values.dtype), values.data)
    if np.ma.is_masked(values):
        raise TypeError(f"{what} is masked somewhere, and holds neither numbers nor times")
    return plain(values.data, what)


def _of_objects(array: NDArray[Any], what: str) -> NDArray[Any]:
    """An array of Python's objects as one of NumPy's kinds."""
    import pandas as pd

    flat = array.reshape(-1)
    missing = pd.isna(flat)
    there = flat[~missing]
    if len(there) == 0:
        return np.full(array.shape, np.nan)
    if hasattr(there[0], "calendar"):
        return array
    kind = pd.api.types.infer_dtype(there, skipna=False)
    found: Any
    if kind in _NUMBERS:
        found = np.full(flat.shape, np.nan)
        found[~missing] = [float(v) for v in there]
    elif kind in _TIMES:
        zones = {getattr(v, "tzinfo", None) is not None for v in there}
        if len(zones) > 1:
            raise TypeError(f"{what} holds times with and without a time zone; give all of them one")
        found = pd.to_datetime(flat, utc=zones == {True}).tz_localize(None).to_numpy()
    elif kind in ("timedelta", "timedelta64"):
        found = pd.to_timedelta(flat).to_numpy()
    elif kind == "period":
        found = pd.PeriodIndex(flat).to_timestamp().to_numpy()
    elif kind in ("string", "bytes"):
        if missing.any():
            raise TypeError(f"{what} holds text, and nothing at position {int(missing.argmax())}")
        found = np.array([v.decode() if isinstance(v, bytes) else str(v) for v in there])
    else:
        odd = next((v for v in there if not isinstance(v, _numbers.Number)), there[0])
        at = next(i for i, v in enumerate(flat) if v is odd)
        raise TypeError(
            f"{what} holds {odd!r} at position {at}; give numbers, times or text, and not a mixture: "
            "pd.to_numeric(values, errors='coerce') makes missing what is no number"
        )
    plain_array: NDArray[Any] = np.asarray(found).reshape(array.shape)
    return plain_array


def mapping(value: Any, what: str, example: str) -> Mapping[str, Any]:
    """A dictionary or what is like one, with `example` in the message where it is none."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{what} is a {type(value).__name__}; give a dictionary, {what}={example}")
    return value


def count(value: Any, what: str, least: int = 0) -> int:
    """A whole number: of Python, of NumPy, or a float without decimals.

    Raises
    ------
    TypeError
        It is none.
    ValueError
        It is less than `least`, or more than can be counted.
    """
    number: int | None = None
    if not isinstance(value, bool | np.bool_):
        try:
            number = operator.index(value)
        except TypeError:
            if is_real(value) and float(value).is_integer():
                number = int(float(value))
    if number is None:
        raise TypeError(f"{what} is {value!r}; give a whole number")
    if not least <= number < 2**63:
        raise ValueError(f"{what} is {number}; give a whole number of at least {least}, below 2**63")
    return number


def seed(value: Any) -> int:
    """A seed: a whole number below 2**64, or a random generator of NumPy, which gives one.

    Raises
    ------
    TypeError, ValueError
        It is neither.
    """
    if isinstance(value, np.random.Generator):
        return int(value.integers(2**63))
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise TypeError(f"the seed is {value!r}; give a whole number, or a numpy.random.Generator")
    number = operator.index(value)
    if not 0 <= number < 2**64:
        raise ValueError(f"the seed is {number}; give one from 0 to 2**64 - 1")
    return number


def size(value: Any) -> tuple[int, ...]:
    """The shape of draws, of one number or several."""
    if isinstance(value, Iterable) and np.ndim(value) > 0:  # type: ignore[arg-type]
        return tuple(count(n, "the size") for n in value)
    return (count(value, "the size"),)


def scalar(value: Any, what: str) -> float:
    """One number.

    Raises
    ------
    TypeError
        It is none, or several.
    """
    array = numbers(value, what)
    if array.ndim > 0:
        raise TypeError(f"{what} has the shape {array.shape}; give one number")
    return float(array)


def setting(value: Any, what: str) -> Any:
    """A value as model files have it: numbers and times of NumPy and pandas, paths and arrays, too.

    Raises
    ------
    TypeError, ValueError
        It is nothing that a model file can hold.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.random.Generator):
        return seed(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {str(key): setting(v, f"{what}.{key}") for key, v in value.items()}
    if isinstance(value, datetime.date | np.datetime64):
        return str(value)
    if hasattr(value, "__array__") and not isinstance(value, np.generic):
        return setting(plain(value, what).tolist(), what)
    if isinstance(value, list | tuple | range | set | frozenset):
        return [setting(v, what) for v in value]
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, _numbers.Integral):
        return int(value)
    if is_real(value):
        number = float(value)
        if not np.isfinite(number):
            raise ValueError(f"{what} is {number}; give a finite number")
        # 1e3 draws are 1000.
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if hasattr(value, "__gridgp_kernel__") or type(value).__module__.startswith("gridgp."):
        return str(value)
    raise TypeError(f"{what} is a {type(value).__name__}; give a number, text, or a list of them")
