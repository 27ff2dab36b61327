"""`fit_each`: what to fit, where, and what comes of it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gridgp import _dask, _values
from gridgp import data as _data
from gridgp.each._series import Series, example_of, pilots_of

if TYPE_CHECKING:
    import os

    import xarray as xr
    from numpy.typing import NDArray

    from gridgp.model import Model

BLOCK = 1024
"""Series in a block, where the chunks of the data do not say."""


def fit_each(
    model: Model,
    data: xr.DataArray | xr.Dataset,
    over: Hashable | Sequence[Hashable],
    *,
    covariates: Mapping[str, Any] | xr.Dataset | None = None,
    to: str | os.PathLike[str] | None = None,
    block: int | None = None,
    client: Any = None,
    **settings: Any,
) -> xr.Dataset:
    """Fits a model to each of many series: one for every point of some dimensions.

    The fits are those of ``model.fit(series, method="map")``, default priors included, which are those
    that each series gives. A block of them is one call of Rust, on all cores. Twenty-five series are fitted
    from all starts first; the others begin where the modes of those are (the median of each parameter)
    and where their own data suggest, and take all starts only where these two searches end in different
    modes. Results do not depend on blocks, cores or workers.

    Parameters
    ----------
    model
        A model of one series: its axes are the dimensions that are not in `over`.
    data
        The series: an array with the axes of the model and the dimensions `over`, in any order; or a
        Dataset that also has covariates along the axes of the model, which all series share. Of an
        array of Dask the result is lazy.
    over
        The dimensions of which every point has a fit of its own.
    covariates
        Covariates by the names of their variables, as for :meth:`gridgp.Model.fit`.
    to
        A Zarr store to write each block to when it is done. The call then computes, and returns what
        the store has. Blocks that a call before has written there are not fitted again.
    block
        How many series to fit in one call of Rust. By default the chunks of an array of Dask, if each
        holds whole series; else 1024.
    client
        A client of ``dask.distributed``, on whose cluster to compute; the result is then one of its
        futures, or what `to` has. By default Dask computes where it always does.
    **settings
        Settings of the inference, as for :meth:`gridgp.Model.fit`: ``seed``, ``starts`` …

    Returns
    -------
    xarray.Dataset
        On the dimensions `over`: ``estimate`` and ``standard_error`` along ``parameter``,
        ``log_marginal_likelihood``, ``log_posterior``, ``gradient_norm``, ``converged``,
        ``evaluations``, and ``message``: why a series has no fit, else empty. A series that fails, as
        where all is missing, ends no other; its numbers are NaN. Standard errors are by the delta method,
        from the curvature at the mode in the unconstrained parameters; NaN where it has none.

    Raises
    ------
    ModelError, ValueError, KeyError, TypeError
        The model, or data of which it can take no series; a store of other fits.
    ImportError
        Dask is needed and not installed.

    Examples
    --------
    >>> import gridgp as gp, numpy as np, xarray as xr
    >>> from gridgp.likelihoods import Gaussian
    >>> course = gp.Field("course", month="matern32()")
    >>> model = gp.Model(Gaussian(location=gp.Intercept(name="mean") + course))
    >>> noise = np.random.default_rng(1).normal(size=(5, 48))
    >>> y = xr.DataArray(
    ...     np.sin(np.arange(48) / 4) + 0.1 * noise,
    ...     coords={"pixel": list("abcde"), "month": np.arange(48.0)},
    ... )
    >>> found = gp.fit_each(model, y, over="pixel")
    >>> bool(found["converged"].all()), dict(found["estimate"].sizes)
    (True, {'pixel': 5, 'parameter': 4})
    >>> noise = found["estimate"].sel(parameter="scale")
    >>> bool((abs(noise - 0.1) < 0.03).all())
    True
    """
    array, others = _arrays(model, data)
    dims = _over(array, over)
    others |= _data.covariates_of(covariates)
    changes = {key: _values.setting(value, key) for key, value in settings.items()}
    if settings.get("seed") is not None:
        changes["seed"] = _values.seed(settings["seed"])
    changes = {"method": "map", **changes}
    pilots = pilots_of(array, dims)
    if _dask.is_chunked(pilots):
        [pilots] = _dask.computed([pilots], client)
    series = example_of(model, pilots, others, changes)
    _check(array, dims, series)
    if to is not None:
        from gridgp.each._store import fit_into

        return fit_into(to, series, array, dims, pilots, block, client)
    series = series.with_shared_start(_values_of(pilots, ["__pilot", *series.dims]))
    if _dask.is_chunked(array) or client is not None:
        records = lazily(series, array, dims, block)
        found = dataset(records, series, array, dims)
        return found if client is None else client.persist(found)
    records = series.fit(_values_of(array, [*dims, *series.dims]))
    return dataset(records, series, array, dims)


def _arrays(
    model: Model, data: xr.DataArray | xr.Dataset
) -> tuple[xr.DataArray, dict[str, xr.DataArray]]:
    import xarray as xr

    if isinstance(data, xr.DataArray):
        return data, {}
    if not isinstance(data, xr.Dataset):
        raise TypeError(
            f"the series are a {type(data).__name__}; give an xarray.DataArray with a dimension for "
            "each axis of the model and those of `over`"
        )
    response = model.to_dict()["data"].get("response") or (
        next(iter(data.data_vars)) if len(data.data_vars) == 1 else None
    )
    if response not in data.data_vars:
        raise _data.UnknownNameError(
            f"the Dataset has no variable {response!r}, the response of the model"
            + _data.did_you_mean(response, list(data.data_vars))
        )
    return data[response], {str(k): v for k, v in data.data_vars.items() if k != response}


def _over(array: xr.DataArray, over: Hashable | Sequence[Hashable]) -> list[Hashable]:
    named: Sequence[Hashable] = (
        [over] if isinstance(over, str) or not isinstance(over, Sequence) else over
    )
    for dim in named:
        if dim not in array.dims:
            raise _data.UnknownNameError(
                f"the data have no dimension {dim!r}{_data.did_you_mean(dim, list(array.dims))}"
            )
    if not named or len(set(named)) < len(named):
        raise ValueError(f"over names dimensions, each once, and not {over!r}")
    return list(named)


def _check(array: xr.DataArray, over: Sequence[Hashable], series: Series) -> None:
    """Refuses dimensions that belong to nothing, and covariates of which each series has its own."""
    for dim in array.dims:
        if dim not in over and dim not in series.dims:
            raise ValueError(
                f"the dimension {dim!r} is no axis of the model, and not in over; select one of its "
                f"points, .isel({dim}=0), or add it to over"
            )


def _values_of(array: xr.DataArray, dims: Sequence[Hashable]) -> NDArray[Any]:
    return _data.numeric(array.transpose(*dims), str(array.name or "the response"))


def lazily(
    series: Series, array: xr.DataArray, over: Sequence[Hashable], block: int | None
) -> Any:
    """The records of all series, as an array of Dask: a task a block."""
    _dask.needed("fit_each of an array in chunks, or on a cluster,")
    import dask.array as da
    import dask.base

    values = array.transpose(*over, *series.dims)
    chunks = blocks_of(values, over, block)
    data = values.chunk(chunks | dict.fromkeys(series.dims, -1)).data
    first, last = len(over), data.ndim
    return da.map_blocks(
        _fit_block,
        data,
        series=series,
        dtype=series.dtype,
        drop_axis=list(range(first, last)),
        meta=np.empty((0,) * first, dtype=series.dtype),
        name=f"fit-each-{dask.base.tokenize(data.name, series)}",
    )


def _fit_block(values: NDArray[Any], series: Series) -> NDArray[Any]:
    return series.fit(values)


def blocks_of(
    values: xr.DataArray, over: Sequence[Hashable], block: int | None
) -> dict[Hashable, int]:
    """How many points of each of `over` a block has."""
    known = values.chunksizes
    whole = known and all(len(known[d]) == 1 for d in values.dims if d not in over)
    if block is None and whole:
        return {d: max(known[d]) for d in over}
    left = BLOCK if block is None else _values.count(block, "block", 1)
    chosen: dict[Hashable, int] = {}
    for position, dim in enumerate(over):
        share = round(left ** (1 / (len(over) - position)))
        chosen[dim] = min(max(1, share), max(1, values.sizes[dim]))
        left = max(1, left // chosen[dim])
    return chosen


MEANING = {
    "estimate": "mode of the posterior",
    "standard_error": "standard error, by the delta method",
    "log_marginal_likelihood": "log p(y | estimate), fields integrated out",
    "log_posterior": "log p(y, estimate)",
    "gradient_norm": "largest entry of the gradient in the unconstrained parameters",
    "converged": "whether the mode was found within the tolerance",
    "evaluations": "evaluations of the log posterior with its gradient",
    "message": "why there is no fit",
}


def dataset(
    records: Any, series: Series, array: xr.DataArray, over: Sequence[Hashable]
) -> xr.Dataset:
    """Records as variables, with the coordinates of `over`."""
    import xarray as xr

    variables: dict[str, Any] = {}
    for name, said in MEANING.items():
        values = records[name]
        if name == "message":
            # Text of any length, which a lazy array of objects would not tell.
            values = values.astype(np.dtypes.StringDType())
        dims = [*over, "parameter"] if values.ndim > len(over) else list(over)
        variables[name] = (dims, values, {"long_name": said})
    coords = {name: c for name, c in array.coords.items() if set(c.dims) <= set(over) and c.ndim}
    made = xr.Dataset(variables, coords={**coords, "parameter": series.parameters})
    return made.assign_attrs(model=series.model._resolved(_missing(series)).toml())


def _missing(series: Series) -> dict[str, Any]:
    """What a model that leaves response and axes open takes from the data."""
    return {
        "response": str(series.example.name or "y"),
        "axes": {str(d): {"coordinates": [str(d)]} for d in series.example.dims},
    }
