"""Fits of many series that go to a Zarr store block by block, and go on where they ended."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gridgp import _dask
from gridgp.each._fit import _values_of, blocks_of, dataset, lazily
from gridgp.each._series import Series

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray


def fit_into(
    store: str | os.PathLike[str],
    series: Series,
    array: xr.DataArray,
    over: Sequence[Hashable],
    pilots: xr.DataArray,
    block: int | None,
    client: Any,
) -> xr.Dataset:
    """Fits what the store does not have yet, and opens it."""
    _dask.needed("fit_each with a store")
    import dask
    import xarray as xr
    import zarr

    path = os.fspath(store)
    own = _fingerprint(series, array, over)
    if os.path.exists(path):
        group = zarr.open_group(path, mode="r")
        if group.attrs.get("fingerprint") != own:
            raise ValueError(
                f"{path!r} is no store of these fits: it has those of another model, other settings or "
                "another grid, or none; give another place, or delete it"
            )
        shared: Any = group.attrs["shared"]
        series = replace(series, shared=None if shared is None else tuple(shared))
    else:
        series = series.with_shared_start(_values_of(pilots, ["__pilot", *series.dims]))
        chunks = blocks_of(array.transpose(*over, *series.dims), over, block)
        _create(path, series, array, over, chunks, own)
    group = zarr.open_group(path, mode="r")
    done = group["done"]
    assert isinstance(done, zarr.Array)
    sizes = dict(zip(over, done.chunks, strict=True))
    records = lazily(series, array.chunk(sizes | dict.fromkeys(series.dims, -1)), over, None)
    is_done = np.asarray(done[...])
    tasks = []
    for index, regions in _regions(records.chunks):
        if not is_done[regions].all():
            [part] = records.blocks[index].to_delayed().ravel()
            tasks.append(dask.delayed(_write)(part, path, regions))
    _dask.computed(tasks, client)
    found: xr.Dataset = xr.open_zarr(path, consolidated=False).drop_vars("done")
    return found


def _fingerprint(series: Series, array: xr.DataArray, over: Sequence[Hashable]) -> str:
    """What a store is of: model, settings and grid. Not the values, which would all have to be read."""
    where = {
        str(d): np.asarray(array.coords[d].values).tolist() if d in array.coords else array.sizes[d]
        for d in [*over, *series.dims]
    }
    said = json.dumps(
        [series.model.to_dict(), dict(series.changes), [str(d) for d in over], where],
        sort_keys=True,
        default=str,
    )
    return hashlib.sha256(said.encode()).hexdigest()


def _create(
    path: str,
    series: Series,
    array: xr.DataArray,
    over: Sequence[Hashable],
    chunks: dict[Hashable, int],
    fingerprint: str,
) -> None:
    """Writes a store with everything but the numbers."""
    import dask.array as da

    shape = [array.sizes[d] for d in over]
    sizes = tuple(chunks[d] for d in over)
    empty = da.empty(shape, dtype=series.dtype, chunks=sizes)
    made = dataset(empty, series, array, over)
    made["done"] = (list(over), da.zeros(shape, dtype="i1", chunks=sizes))
    made.attrs |= {"fingerprint": fingerprint, "shared": series.shared}
    # Text of one width has no type in Zarr 3.
    texts = {name: c.astype(object) for name, c in made.coords.items() if c.dtype.kind == "U"}
    made = made.assign_coords(texts)
    # Half a store has no fingerprint under its name: it is made beside its place.
    beside = f"{path}.partial-{os.getpid()}"
    made.to_zarr(beside, compute=False, zarr_format=3, consolidated=False)
    os.rename(beside, path)


def _regions(chunks: Any) -> list[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """For each block its position, and the cells that it has."""
    ends = [np.cumsum(c) for c in chunks]
    found = []
    for index in np.ndindex(*(len(c) for c in chunks)):
        cells = (slice(int(e[i] - c[i]), int(e[i])) for e, c, i in zip(ends, chunks, index, strict=True))
        found.append((index, tuple(cells)))
    return found


def _write(records: NDArray[Any], path: str, regions: tuple[slice, ...]) -> None:
    """Writes one block, and then that it is done."""
    import zarr

    group: Any = zarr.open_group(path, mode="r+")
    for name in records.dtype.names or ():
        values = records[name]
        if name == "message":
            values = values.astype(np.dtypes.StringDType())
        group[name][regions] = values
    group["done"][regions] = 1
