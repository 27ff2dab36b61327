"""Points, as people have them, as an array of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridgp import _values

Points: TypeAlias = ArrayLike | Mapping[str, Any]
"""n numbers, an n × p array, or the coordinates by name (a dict, a DataFrame, a Dataset)."""


@dataclass(frozen=True)
class Read:
    """Points as numbers.

    Attributes
    ----------
    values
        One n × p array for each argument, contiguous.
    names
        The p coordinates.
    is_named
        Whether the names were given, and do not only count.
    labels
        For each coordinate the labels that its numbers stand for; none if it is made of numbers.
    """

    values: list[NDArray[np.float64]]
    names: list[str]
    is_named: bool
    labels: list[list[str]]


def read(
    arguments: Sequence[Points],
    known_labels: Sequence[str] | None,
    wanted: Sequence[str] | None,
) -> Read:
    """Read the points of all arguments, so that the same label is the same number.

    Parameters
    ----------
    arguments
        The points.
    known_labels
        The labels that a kernel has parameters for, in their order; None if it has none.
    wanted
        The coordinates that the kernel names; None if it sees all that there are.

    Raises
    ------
    ValueError
        Arguments whose coordinates differ, dates, values that are not finite, an unknown label.
    """
    columns = [
        _columns(argument, what, wanted) for argument, what in zip(arguments, "xy", strict=False)
    ]
    names = list(columns[0][0])
    is_named = columns[0][1]
    for other, _ in columns[1:]:
        if list(other) != names:
            raise ValueError(f"x has the coordinates {names}, but y has {list(other)}")
    labels: list[list[str]] = []
    read_columns: list[list[NDArray[np.float64]]] = [[] for _ in columns]
    for name in names:
        of_all = [found[name] for found, _ in columns]
        if any(column.dtype.kind in "US" for column in of_all):
            texts = [[str(v) for v in column] for column in of_all]
            known = list(known_labels) if known_labels else sorted({t for c in texts for t in c})
            place = {label: float(i) for i, label in enumerate(known)}
            for target, text in zip(read_columns, texts, strict=True):
                unknown = next((t for t in text if t not in place), None)
                if unknown is not None:
                    raise ValueError(
                        f"the label {unknown!r} is not one of the kernel's: {', '.join(known)}"
                    )
                target.append(np.array([place[t] for t in text]))
            labels.append(known)
        else:
            for target, column in zip(read_columns, of_all, strict=True):
                target.append(column.astype(np.float64))
            labels.append([])
    values = [np.ascontiguousarray(np.stack(target, axis=1)) for target in read_columns]
    return Read(values, names, is_named, labels)


def is_named(points: object) -> bool:
    """Whether points come as their coordinates by name; of a Series only a row of a table does."""
    if not hasattr(points, "keys"):
        return False
    return not hasattr(points, "to_frame") or all(isinstance(key, str) for key in points.keys())


def _columns(
    points: Points, what: str, wanted: Sequence[str] | None
) -> tuple[dict[str, NDArray[Any]], bool]:
    """The coordinates by name, and whether the names were given."""
    if is_named(points):
        by_name: Any = points
        keys = list(by_name.keys()) if wanted is None else list(wanted)
        # The variables of a Dataset are its keys; its coordinates are not among them.
        missing = [key for key in keys if key not in by_name]
        if missing:
            have = ", ".join(map(str, by_name.keys())) or "none"
            raise ValueError(f"{what} has no coordinate {missing[0]!r}; it has {have}")
        named = {str(key): _one(by_name[key], f"{what}[{key!r}]") for key in keys}
        lengths = {name: len(column) for name, column in named.items()}
        if not named or len(set(lengths.values())) > 1:
            raise ValueError(f"the coordinates of {what} must have one length, and have {lengths}")
        return named, True
    array = _checked(points, what)
    if array.ndim < 2:
        return {"x0": array.reshape(-1)}, False
    if array.ndim > 2 or array.shape[1] == 0:
        raise ValueError(
            f"{what} has the shape {array.shape}; points are an array of shape (n,) or (n, p), "
            "p coordinates a point"
        )
    return {f"x{j}": array[:, j] for j in range(array.shape[1])}, False


def _one(column: Any, what: str) -> NDArray[Any]:
    array = _checked(column, what)
    if array.ndim > 1:
        raise ValueError(f"{what} has the shape {array.shape}; a coordinate has one dimension")
    return array.reshape(-1)


def _checked(values: Any, what: str) -> NDArray[Any]:
    array = _values.plain(values, what)
    kind = array.dtype.kind
    if kind in "mMO":
        raise ValueError(
            f"{what} holds dates or times; make them numbers in the unit of the lengthscale, "
            "such as (t - t[0]) / np.timedelta64(1, 'D')"
        )
    if kind not in "biufUS":
        raise ValueError(f"{what} holds {array.dtype}; points are real numbers or labels")
    return array
