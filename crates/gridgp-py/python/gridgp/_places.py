"""Places of predictions: masks, covariates there, names of points."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gridgp import data as _data

if TYPE_CHECKING:
    import xarray as xr


def mask(mask: str | None) -> list[str] | None:
    """The axes along which a mask of the data is the same; None where there is no mask."""
    if mask is None:
        return None
    if mask == "data":
        return []
    if isinstance(mask, str) and mask.startswith("data:"):
        return [name.strip() for name in mask.removeprefix("data:").split(",")]
    raise ValueError(
        f"mask is 'data' or 'data:AXIS', and not {mask!r}; for a mask of your own write "
        "fit.predict().where(mask)"
    )


def spread(
    array: xr.DataArray,
    name: str,
    along: Sequence[int],
    dims: Sequence[Hashable],
    here: xr.Dataset,
    axes: Sequence[str],
) -> np.ndarray[Any, Any]:
    """The values of a covariate on its axes at a place, whose dimensions are `dims`: matched by their
    names and coordinates, the same along axes that it does not have. Without names, as a list, it has
    one number, or one for each point of its axes."""
    if array.ndim == len(along) and not set(array.dims) & {*dims, *axes}:
        array = array.rename({d: axes[a] for d, a in zip(array.dims, along, strict=True)})
    renamed = {d: axes[dims.index(d)] for d in array.dims if d in dims and d not in axes}
    array = _data.matched(array.rename(renamed), name, axes, here, "the place")
    extra = [d for d in array.dims if d not in [axes[a] for a in along]]
    if extra:
        raise ValueError(
            f"the covariate {name!r} varies along {extra[0]!r} here, and does not in the fit; give it "
            f"along {', '.join(repr(axes[a]) for a in along)}"
        )
    full = array.expand_dims({axes[a]: here.sizes[axes[a]] for a in along if axes[a] not in array.dims})
    return _data.numeric(full.transpose(*(axes[a] for a in along)), name)


def renamed(made: xr.Dataset, dim: Hashable | None) -> xr.Dataset:
    """With the name that scattered points had, unless a variable has it."""
    known = dim is None or dim in made.variables or dim in made.dims
    own = next((d for d in ("point", "output_point") if d in made.dims), None)
    return made if known or own is None else made.rename_dims({own: dim})
