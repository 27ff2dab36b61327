"""Tables of pandas as arrays on a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gridgp import _values

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def grid_of(
    table: pd.Series[Any] | pd.DataFrame, axes: Mapping[str, Sequence[str]]
) -> xr.DataArray | xr.Dataset:
    """A table as a grid; combinations that are not there are missing.

    Parameters
    ----------
    table
        The coordinates of the axes are levels of its index, or columns; one axis may run along the
        columns themselves, if they have its name. An index of one level without a name is the axis
        that has no column.
    axes
        The coordinates of each axis; empty if the model leaves the axes to the data, which are then
        the levels of the index.

    Raises
    ------
    ValueError
        Levels without a name, a cell that occurs twice, two names of one point.
    """
    import pandas as pd

    wanted = [c for own in axes.values() for c in own]
    name: Any = None
    column: Any
    if isinstance(table, pd.DataFrame) and table.columns.name not in wanted:
        frame, column = table, None
    else:
        column = "y"
        series: Any = table.stack(future_stack=True) if isinstance(table, pd.DataFrame) else table
        if series.name is not None:
            name = column = series.name
        frame = series.to_frame(column)
    missing = [c for c in wanted if c not in frame.columns]
    if frame.index.nlevels == 1 and frame.index.name is None and len(missing) == 1:
        frame = frame.rename_axis(missing[0])
    levels = list(frame.index.names)
    if set(wanted) <= set(levels) and None not in levels:
        frame.index = _plain_index(frame.index)
        made = _unique(frame).to_xarray()
    elif wanted and set(wanted) <= {*levels, *frame.columns}:
        made = _on_axes(frame if levels == [None] else frame.reset_index(), axes)
    elif None in levels:
        raise ValueError(_unnamed(frame, column, missing))
    else:
        made = _unique(frame).to_xarray()
    return made if column is None else made[column].rename(name)


def _unnamed(frame: pd.DataFrame, column: object, missing: Sequence[str]) -> str:
    flat = column is None and frame.index.nlevels == 1
    names = list(missing) if missing else ["year", "month"][: frame.index.nlevels]
    call = f".set_index({names})" if flat else f".rename_axis({names})"
    return (
        f"the table does not say what {'the axis' if len(names) == 1 else 'the axes'} "
        f"{', '.join(map(repr, names))} of the model {'is' if len(names) == 1 else 'are'} there: its "
        f"index has no name, and its columns are {', '.join(repr(str(c)) for c in frame.columns)}; "
        f"write table{call}, with the names that the {'columns' if flat else 'levels'} should have"
    )


def _plain_index(index: pd.Index[Any]) -> pd.Index[Any]:
    """The index without time zones and periods."""
    import pandas as pd

    if isinstance(index, pd.MultiIndex):
        levels: Any = [_values.plain(level, f"the level {level.name!r}") for level in index.levels]
        return index.set_levels(levels)
    made: pd.Index[Any] = pd.Index(_values.plain(index, f"the index {index.name!r}"), name=index.name)
    return made


def _on_axes(frame: pd.DataFrame, axes: Mapping[str, Sequence[str]]) -> xr.Dataset:
    """Rows at the places that their columns of coordinates say."""
    import pandas as pd

    coords: dict[str, tuple[str, Any]] = {}
    numbered: list[str] = []
    frame = frame.assign(
        **{c: _values.plain(frame[c], f"the column {c!r}") for own in axes.values() for c in own}
    )
    levels = []
    for axis, coordinates in axes.items():
        own = list(coordinates)
        levels.append(own[0] if len(own) == 1 else axis)
        if len(own) == 1:
            continue
        # Points with several coordinates: numbered as they come.
        points = pd.MultiIndex.from_frame(frame[own])
        first = ~points.duplicated()
        place = points[first].get_indexer(points)
        if axis in frame.columns and axis not in own:
            names = frame[axis].to_numpy()
            odd = np.flatnonzero(names != names[first][place])
            if len(odd):
                raise ValueError(
                    f"the point {dict(zip(own, points[odd[0]], strict=True))} of the axis {axis!r} is "
                    f"called {names[first][place][odd[0]]!r} and {names[odd[0]]!r}; give each point "
                    f"one name, or rename the column {axis!r}"
                )
            coords[axis] = (axis, names[first])
        elif axis not in own:
            numbered.append(axis)
        coords |= {c: (axis, frame[c].to_numpy()[first]) for c in own}
        frame = frame.drop(columns=own).assign(**{axis: place})
    made = _unique(frame.set_index(levels)).to_xarray()
    return made.drop_vars(numbered).assign_coords(coords)


def _unique(frame: pd.DataFrame) -> pd.DataFrame:
    """The table, if each cell occurs once."""
    index = frame.index
    if not index.is_unique:
        first = index[index.duplicated()][0]
        where = first if isinstance(first, tuple) else (first,)
        place = ", ".join(f"{n} = {v}" for n, v in zip(index.names, where, strict=True))
        raise ValueError(
            f"the index has {place} more than once; each cell may occur once: average with "
            f".groupby({list(index.names)}).mean(), or add the level that tells them apart"
        )
    return frame
