"""The model of one series among many, and what is found of a block of them."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from gridgp import data as _data

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from gridgp import _core
    from gridgp.model import Model

PILOTS = 25
"""Most series that are fitted from all starts first, to say where the others begin."""


@dataclass(frozen=True)
class Series:
    """The model of one series. It travels to the workers of a cluster, so it holds no values but those
    of `example`, and makes what Rust needs of them where it is used."""

    model: Model
    example: xr.DataArray
    covariates: Mapping[str, xr.DataArray]
    changes: Mapping[str, Any]
    shared: tuple[float, ...] | None = None

    @cached_property
    def problem(self) -> _core.Problem:
        """The model with the data of the example."""
        return self._made[0]

    @cached_property
    def dims(self) -> list[Hashable]:
        """The dimensions of a series in the order of the axes of the model."""
        axes = json.loads(self._made[1].json())["data"]["axes"]
        return [
            _data.find_axis(self.example, name, axis["coordinates"])[0] for name, axis in axes.items()
        ]

    @cached_property
    def _made(self) -> tuple[_core.Problem, _core.Spec]:
        return self.model._problem(self.example, self.covariates, None, None, self.changes)

    @property
    def parameters(self) -> list[str]:
        """The names of the free parameters."""
        return [name for name, *_ in self.problem.parameters()]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The record of a series."""
        count = len(self.parameters)
        return np.dtype(
            [
                ("estimate", "f8", (count,)),
                ("standard_error", "f8", (count,)),
                ("log_marginal_likelihood", "f8"),
                ("log_posterior", "f8"),
                ("gradient_norm", "f8"),
                ("converged", "?"),
                ("evaluations", "i8"),
                ("message", "O"),
            ]
        )

    def fit(self, values: NDArray[Any]) -> NDArray[Any]:
        """Fits a block, of which the last dimensions are those of a series; the records."""
        over = values.shape[: values.ndim - len(self.dims)]
        dtype = np.float32 if values.dtype == np.float32 else np.float64
        rows = np.require(values, dtype=dtype, requirements=["C", "A"])
        rows = rows.reshape(int(np.prod(over)), -1)
        shared = None if self.shared is None else list(self.shared)
        columns = self.problem.map_each(rows, shared)
        found = np.empty(len(rows), dtype=self.dtype)
        found["estimate"], found["standard_error"], numbers = columns[:3]
        found["log_marginal_likelihood"], found["log_posterior"], found["gradient_norm"] = numbers
        found["converged"], found["evaluations"], found["message"] = columns[3:]
        return found.reshape(over)

    def with_shared_start(self, pilots: NDArray[Any]) -> Series:
        """The same, beginning where the modes of some series are: at the median of each parameter."""
        found = self.fit(pilots)
        there = found["estimate"][found["converged"]]
        if not len(there):
            return self
        return replace(self, shared=tuple(np.median(there, axis=0).tolist()))

    def __getstate__(self) -> dict[str, Any]:
        # What Rust holds is made again where it arrives.
        own = ("model", "example", "covariates", "changes", "shared")
        return {name: getattr(self, name) for name in own}

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        from dask.base import normalize_token

        return (
            "gridgp.Series",
            json.dumps(self.model.to_dict(), sort_keys=True, default=str),
            json.dumps(dict(self.changes), sort_keys=True, default=str),
            normalize_token(self.example),
            normalize_token(dict(self.covariates)),
            self.shared,
        )


def pilots_of(array: xr.DataArray, over: Sequence[Hashable]) -> xr.DataArray:
    """Up to :data:`PILOTS` series spread evenly over `over`, along a dimension `over`: the same ones
    however the array is chunked."""
    import xarray as xr

    along = max(1, int(PILOTS ** (1 / len(over))))
    places = [
        np.unique(np.linspace(0, array.sizes[d] - 1, min(along, array.sizes[d])).round().astype(int))
        for d in over
    ]
    points = [xr.DataArray(p.ravel(), dims="__pilot") for p in np.meshgrid(*places, indexing="ij")]
    chosen = array.isel(dict(zip(over, points, strict=True)))
    return chosen.transpose("__pilot", ...)


def example_of(
    model: Model,
    pilots: xr.DataArray,
    covariates: Mapping[str, xr.DataArray],
    changes: Mapping[str, Any],
) -> Series:
    """The model of one series, from the first of the pilots that it can take.

    Raises
    ------
    ModelError, ValueError, KeyError, TypeError
        What the model says of the first of them, where it can take none.
    """
    first: Exception | None = None
    for position in range(pilots.sizes["__pilot"]):
        example = pilots.isel(__pilot=position)
        example = example.drop_vars([n for n, c in example.coords.items() if c.ndim == 0])
        series = Series(model, example, covariates, changes)
        try:
            series.problem  # noqa: B018
        except (ValueError, KeyError, TypeError) as e:
            first = first or e
            continue
        return series
    assert first is not None
    raise first
