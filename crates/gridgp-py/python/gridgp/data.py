"""Arrays with names as the model needs them: axes, coordinates with their units, values."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gridgp import _missing, _times, _values

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from gridgp import _core

    Data: TypeAlias = (
        "xr.DataArray | xr.Dataset | pd.Series[Any] | pd.DataFrame | np.ndarray[Any, Any]"
    )

logger = logging.getLogger("gridgp")


class UnknownNameError(KeyError):
    """A name that the data, the model or the fit does not have. Its message prints as it is."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


Coordinate: TypeAlias = "tuple[str, np.ndarray[Any, Any] | list[str], str | None, str | None]"
"""Name, values, unit, calendar."""


def did_you_mean(name: object, known: Sequence[object]) -> str:
    """``; did you mean 'year'?``, or the names there are."""
    names = [str(k) for k in known]
    near = get_close_matches(str(name), names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are {', '.join(map(repr, names))}." if names else "; there are none."


def as_arrays(
    data: object,
    *,
    response: str | None,
    axes: Mapping[str, Sequence[str]],
    coords: Mapping[str, Any] | None,
    dims: Sequence[str] | None,
) -> tuple[xr.DataArray, dict[str, xr.DataArray]]:
    """The response, and every other variable that came with it.

    `axes` are the coordinates of each axis, as far as the model says them.
    """
    import pandas as pd
    import xarray as xr

    from gridgp._tables import grid_of

    if isinstance(data, pd.Series | pd.DataFrame):
        data = grid_of(data, axes)
    if coords is not None and isinstance(data, list | tuple):
        data = _values.plain(data, "the response")
    if isinstance(data, np.ndarray):
        if coords is None:
            raise TypeError(
                "an array needs its coordinates: fit(y, coords={'year': years, 'month': months}), "
                "with one entry for each dimension, in order"
            )
        coords = _values.mapping(coords, "coords", '{"year": years}')
        names = list(coords) if dims is None else [dims] if isinstance(dims, str) else list(dims)
        if len(names) != data.ndim:
            raise ValueError(
                f"the array has {data.ndim} dimensions, of {data.shape} points, and "
                f"{'coords' if dims is None else 'dims'} names {len(names)}: {', '.join(names)}; "
                "with several coordinates along one dimension give dims=[…] and "
                "coords={'lon': ('station', lon), …}"
            )
        data = xr.DataArray(data, coords=dict(coords), dims=names)
    elif coords is not None or dims is not None:
        raise TypeError(
            f"coords and dims belong to a NumPy array; a {type(data).__name__} has its own"
        )
    if isinstance(data, xr.Dataset):
        if response is None:
            if len(data.data_vars) != 1:
                raise ValueError(
                    "the Dataset has several variables and the model names no response; give "
                    f'Model(…, response="…"): {", ".join(map(str, data.data_vars))}'
                )
            response = str(next(iter(data.data_vars)))
        if response not in data.data_vars:
            raise UnknownNameError(
                f"the Dataset has no variable {response!r}, which the model has as its response"
                + did_you_mean(response, list(data.data_vars))
            )
        others = {str(k): v for k, v in data.data_vars.items() if k != response}
        return _computed(data[response]), others
    if isinstance(data, xr.DataArray):
        return _computed(data), {}
    raise TypeError(
        f"the data are a {type(data).__name__}; give an xarray.DataArray (or a Dataset that also has "
        "the covariates, a table of pandas, a NumPy array with coords={…}), for "
        'example xr.DataArray(np.asarray(values), coords={"year": years, "month": months})'
    )


def _computed(array: xr.DataArray) -> xr.DataArray:
    """The array in memory."""
    if array.chunks is not None:
        logger.info(
            "computing %s from dask: %.0f MB in memory",
            array.name or "the data",
            array.nbytes / 1e6,
        )
        found: xr.DataArray = array.compute()
        return found
    return array


def coordinate(variable: xr.DataArray, name: str) -> Coordinate:
    """A coordinate as numbers with a unit, or as labels.

    Numbers keep single precision, and times what :func:`gridgp._times.encoded` says. Times with a
    zone are read in UTC; periods are their first instant.
    """
    values = _values.plain(variable, f"the coordinate {name!r}")
    kind = values.dtype.kind
    units = variable.attrs.get("units")
    units = None if units is None else str(units)
    if kind in "iufb":
        dtype = np.float32 if values.dtype == np.float32 else np.float64
        calendar = variable.attrs.get("calendar")
        calendar = None if calendar is None else str(calendar)
        return name, np.ascontiguousarray(values, dtype=dtype), units, calendar
    times = _times.encoded(values, variable.encoding, name)
    if times is not None:
        return name, *times
    if kind in "UST":
        return name, [v.decode() if isinstance(v, bytes) else v for v in values.tolist()], None, None
    raise TypeError(
        f"the coordinate {name!r} holds values of type {values.dtype}; give numbers, times "
        "(datetime64) or text"
    )


def find_axis(
    array: xr.DataArray, axis: str, coordinates: Sequence[str]
) -> tuple[Hashable, list[Coordinate]]:
    """The dimension on which the coordinates of an axis lie, and their values."""
    import xarray as xr

    dim: Hashable | None = None
    found: list[Coordinate] = []
    for name in coordinates:
        if name in array.coords:
            variable = array.coords[name]
            if variable.ndim != 1:
                raise ValueError(
                    f"the coordinate {name!r} of the axis {axis!r} has {variable.ndim} dimensions "
                    f"{variable.dims}, and it needs one"
                    + (
                        f"; it is a single value: keep its dimension with .isel({name}=[0]) or "
                        f".expand_dims({name!r})"
                        if variable.ndim == 0
                        else "; use the dimensions themselves as axes"
                    )
                )
        elif name in array.dims:
            variable = xr.DataArray(np.arange(array.sizes[name], dtype=float), dims=[name])
        else:
            known = [*array.dims, *(c for c in array.coords if c not in array.dims)]
            raise UnknownNameError(
                f"the data have no coordinate or dimension {name!r}, which the model has as the axis "
                f"{axis!r}{did_you_mean(name, known)} Rename with .rename({{'old': {name!r}}}), or "
                "change the axes of the model"
            )
        own = variable.dims[0]
        if dim is not None and own != dim:
            raise ValueError(
                f"the coordinates of the axis {axis!r} lie on different dimensions, {dim!r} and "
                f"{own!r}; the coordinates of one axis lie on one"
            )
        dim = own
        found.append(coordinate(variable, name))
    if len(found) == 1:
        _refuse_repeats(found[0], array, axis)
    assert dim is not None
    return dim, found


def names_along(
    array: xr.DataArray, dim: Hashable, axis: str, own: Sequence[str]
) -> list[Coordinate]:
    """What the points of an axis are called: the coordinate of its dimension, where the axis has
    others. None, or one with the name of the axis."""
    if dim not in array.coords or dim in own or axis in own:
        return []
    try:
        return [coordinate(array.coords[dim], axis)]
    except TypeError:
        # A MultiIndex, or whatever else cannot stand in a file.
        return []


def _refuse_stacked(array: xr.DataArray, axes: Mapping[str, Sequence[str]]) -> None:
    """Refuses axes that are levels of one stacked dimension."""
    for dim in array.dims:
        levels = getattr(array.indexes.get(dim), "names", [dim])
        inside = [axis for axis, own in axes.items() if own[0] in levels and len(levels) > 1]
        if len(inside) > 1:
            raise ValueError(
                f"the axes {', '.join(map(repr, inside))} are levels of the dimension {dim!r}; unfold "
                f"it with .unstack({dim!r}), or make them one axis with several coordinates"
            )


def _refuse_repeats(found: Coordinate, array: xr.DataArray, axis: str) -> None:
    name, values = found[0], np.asarray(found[1])
    unique, first, counts = np.unique(values, return_index=True, return_counts=True)
    if len(unique) == len(values):
        return
    at = int(first[counts > 1][0])
    i, j = (int(k) for k in np.flatnonzero(values == values[at])[:2])
    shown = array.coords[name].values[at] if name in array.coords else at
    raise ValueError(
        f"the coordinate {name!r} of the axis {axis!r} has {shown} more than once, at positions {i} "
        f"and {j}; each point of an axis occurs once: keep the first with "
        f".drop_duplicates({name!r}), or average with .groupby({name!r}).mean()"
    )


def problem(
    spec: _core.Spec,
    layout: Mapping[str, Any],
    array: xr.DataArray,
    others: Mapping[str, xr.DataArray],
) -> _core.Problem:
    """The model with these data."""
    from gridgp import _core

    data = layout["data"]
    axes = {name: axis["coordinates"] for name, axis in data["axes"].items()}
    dims: list[Hashable] = []
    coordinates: list[list[Coordinate]] = []
    _refuse_stacked(array, axes)
    for name, own in axes.items():
        dim, found = find_axis(array, name, own)
        if dim in dims:
            raise ValueError(
                f"the axes {list(axes)[dims.index(dim)]!r} and {name!r} both lie on the dimension "
                f"{dim!r}; make them one axis with several coordinates"
            )
        dims.append(dim)
        coordinates.append(found + names_along(array, dim, name, own))
    for extra in [d for d in array.dims if d not in dims]:
        here = (
            coordinate(array.coords[extra], str(extra))
            if extra in array.coords
            else (str(extra), np.arange(array.sizes[extra], dtype=float), None, None)
        )
        array = array.isel({extra: spec.keep_one(str(extra), here)})
    values = numeric(array.transpose(*dims), str(array.name or data["response"]))
    covariates: list[tuple[list[int], np.ndarray[Any, Any], str | None] | None] = []
    for name, settings in data.get("covariates", {}).items():
        if spec.is_coordinate(name):
            covariates.append(None)
            continue
        variable = _covariate(name, settings.get("variable", name), array, others)
        covariates.append(_on_axes(variable, name, dims, list(axes), array))
    attrs = array.attrs
    units, long_name = attrs.get("units"), attrs.get("long_name") or attrs.get("standard_name")
    return _core.Problem(
        spec,
        coordinates,
        values,
        data["response"],
        None if units is None else str(units),
        None if long_name is None else str(long_name),
        covariates,
    )


def numeric(array: xr.DataArray, name: str) -> np.ndarray[Any, Any]:
    """The values as float64 or float32, in whatever memory order they have."""
    values = array.values
    if values.dtype.kind == "f" and values.dtype.itemsize in (4, 8):
        if not values.dtype.isnative:
            values = values.astype(values.dtype.newbyteorder("="))
        return _missing.masked(array, values, name)
    return _missing.masked(array, _values.numbers(values, name), name)


def _covariate(
    name: str, variable: str, array: xr.DataArray, others: Mapping[str, xr.DataArray]
) -> xr.DataArray:
    if variable in others:
        return _computed(others[variable])
    if variable in array.coords:
        own: xr.DataArray = array.coords[variable]
        return own
    known = [*others, *array.coords]
    raise UnknownNameError(
        f"the data have no variable {variable!r}, the covariate {name!r} of the model"
        f"{did_you_mean(variable, known)} Pass it with covariates={{{variable!r}: …}}, or as a "
        "variable of the Dataset"
    )


def covariates_of(given: object) -> dict[str, xr.DataArray]:
    """Covariates that were given apart, by the names of their variables."""
    import pandas as pd
    import xarray as xr

    if given is None:
        return {}
    if isinstance(given, xr.DataArray) and given.name is not None:
        return {str(given.name): given}
    if not isinstance(given, Mapping):
        raise TypeError(
            f"the covariates are a {type(given).__name__}; give them by name: "
            'covariates={"gmst": gmst}, or a Dataset'
        )
    found = {}
    for name, values in given.items():
        if isinstance(values, pd.Series) and None not in values.index.names:
            values = values.to_xarray()
        if not isinstance(values, xr.DataArray):
            raise TypeError(
                f"the covariate {name!r} is a {type(values).__name__}; give a DataArray on the "
                'axes that it varies along: xr.DataArray(values, coords={"year": years})'
            )
        found[str(name)] = values
    return found


def matched(
    variable: xr.DataArray,
    name: str,
    dims: Sequence[Hashable],
    place: xr.DataArray | xr.Dataset,
    called: str = "the response",
) -> xr.DataArray:
    """A covariate at the points of `place`, by the names of its dimensions and its coordinates."""
    from gridgp import _core

    for dim in variable.dims:
        if dim not in dims:
            raise ValueError(
                f"the covariate {name!r} has a dimension {dim!r} that {called} does not have"
                + did_you_mean(dim, list(dims))
            )
        index, own = place.indexes.get(dim), variable.indexes.get(dim)
        if index is not None and own is not None and not index.equals(own):
            if not own.is_unique:
                raise ValueError(
                    f"the covariate {name!r} has {dim} = {own[own.duplicated()][0]} more than once; "
                    f"keep the first with .drop_duplicates({dim!r})"
                )
            places = _core.find_points(
                coordinate(place.coords[dim], str(dim)), coordinate(variable.coords[dim], str(dim))
            )
            if None in places:
                raise ValueError(
                    f"the covariate {name!r} is not known at {dim} = {index[places.index(None)]}, "
                    f"where {called} is; covariates need a value at every point of their axes"
                )
            variable = variable.isel({dim: places})
        elif variable.sizes[dim] != place.sizes[dim]:
            raise ValueError(
                f"the covariate {name!r} has {variable.sizes[dim]} points along {dim!r}, and {called} "
                f"has {place.sizes[dim]}"
            )
    return variable


def _on_axes(
    variable: xr.DataArray,
    name: str,
    dims: Sequence[Hashable],
    axes: Sequence[str],
    array: xr.DataArray,
) -> tuple[list[int], np.ndarray[Any, Any], str | None]:
    """A covariate on the axes of the response, matched by the names of its dimensions."""
    variable = matched(variable, name, dims, array)
    positions = sorted(dims.index(d) for d in variable.dims)
    if not positions:
        raise ValueError(
            f"the covariate {name!r} is a single number; write the number into the equation"
        )
    values = numeric(variable.transpose(*(dims[p] for p in positions)), name)
    units = variable.attrs.get("units")
    return positions, values, None if units is None else str(units)


def to_dataset(tree: Mapping[str, Any], decode: bool = True) -> xr.Dataset:
    """A group as a Dataset, with times as times."""
    import xarray as xr

    variables = {
        name: _times.decoded(dims, np.asarray(values), attrs)
        if decode
        else xr.Variable(dims, np.asarray(values), attrs)
        for name, (dims, values, attrs) in tree["variables"].items()
    }
    made = xr.Dataset(variables, attrs=dict(tree["attrs"]))
    if not decode:
        return made
    decoded: xr.Dataset = xr.decode_cf(made, decode_times=False)
    return decoded
