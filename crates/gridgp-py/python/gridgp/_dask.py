"""Dask, where it is installed: an optional dependency, named in the modules that need it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr


def needed(what: str) -> None:
    """Refuses to go on without Dask.

    Raises
    ------
    ImportError
        Dask is not installed.
    """
    try:
        import dask.array  # noqa: F401
    except ImportError as e:
        raise ImportError(
            f"{what} needs Dask, which is not installed: pip install 'gridgp[dask]'"
        ) from e


def is_chunked(array: xr.DataArray) -> bool:
    """Whether an array is one of Dask, and not in memory."""
    return array.chunks is not None


def computed(lazy: Any, client: Any = None) -> Any:
    """The values of collections of Dask, a list of them: on the cluster of `client`, or where Dask computes by
    default, which is the cluster of the last client, else threads of this process."""
    import dask

    if client is None:
        return list(dask.compute(*lazy))
    found: list[Any] = client.gather(client.compute(list(lazy)))
    return found
