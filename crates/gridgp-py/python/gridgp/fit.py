"""What a fit found, and what it says elsewhere."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gridgp import _core, _places, _times, _values
from gridgp import data as _data
from gridgp.data import UnknownNameError, did_you_mean

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import xarray as xr

    from gridgp._values import Seed
    from gridgp.data import Data
    from gridgp.model import Model

    At: TypeAlias = "xr.Dataset | xr.DataArray | pd.DataFrame | Mapping[str, Any]"

__all__ = ["Fit", "load"]

_Place: TypeAlias = """tuple[
    list[list[_data.Coordinate] | None],
    list[tuple[list[int], np.ndarray[Any, Any], str | None] | None],
    list[tuple[str, np.ndarray[Any, Any]]] | None,
]"""


def load(path: str | os.PathLike[str], *, verify: bool = True) -> Fit:
    """The fit in a fit file, as :meth:`Fit.save` and ``gridgp fit`` write them.

    Parameters
    ----------
    verify
        Whether to refuse a file that does not match its checksums. ``False`` is for files that
        another program changed on purpose, or that have no checksums.

    Raises
    ------
    OSError
        The file cannot be read.
    ValueError
        It is no fit file, has another format, is damaged, or does not match its checksums.
    """
    return Fit(_core.Fit.load(Path(path), verify))


class Fit:
    """What a fit found: estimates or draws, with the model and the data.

    :meth:`gridgp.Model.fit`, :meth:`gridgp.Model.prior` and :func:`gridgp.load` make it. It prints
    as its summary, pickles, and copies.
    """

    def __init__(self, core: _core.Fit) -> None:
        self._core = core
        self._details: dict[str, Any] | None = None

    @property
    def method(self) -> str:
        """``"map"``, ``"nuts"`` …, or ``"prior"``."""
        return self._core.method

    @property
    def seed(self) -> int:
        """The seed of everything random in it."""
        return self._core.seed

    @property
    def model(self) -> Model:
        """The model, with the settings that were used."""
        from gridgp.model import Model

        text, name = self._core.model()
        return Model._of(_core.Spec.from_toml(text, name))

    @property
    def details(self) -> dict[str, Any]:
        """Everything that the summary of the command line holds, ``gridgp summary --json``."""
        if self._details is None:
            self._details = json.loads(self._core.summary())
        return self._details

    @property
    def warnings(self) -> list[str]:
        """What should be known before believing the numbers."""
        return list(self.details.get("warnings", []))

    def summary(self) -> pd.DataFrame:
        """The parameters, one row each.

        Returns
        -------
        pandas.DataFrame
            For draws the columns mean, sd, median, q5, q95 (quantiles), ess_bulk and ess_tail
            (effective draws), r_hat, mcse_mean and mcse_sd (Monte-Carlo standard errors), unit and
            prior; for a mode estimate, unit and prior.
        """
        import pandas as pd

        entries = self.details.get("parameters")
        if entries is None:
            return pd.DataFrame(
                {
                    name: {"mean": float(v.mean()), "sd": float(v.std(ddof=1))}
                    for name, v in self._parameters().items()
                }
            ).T
        has_draws = self.method != "map"
        hidden = {"prior_is_default"} | ({"estimate"} if has_draws else set())
        rows = [{k: v for k, v in entry.items() if k not in hidden} for entry in entries.values()]
        table = pd.DataFrame(rows, index=pd.Index(list(entries), name="parameter"))
        last = [c for c in ("unit", "prior") if c in table]
        return table[[c for c in table if c not in last] + last]

    @property
    def draws(self) -> xr.Dataset:
        """Draws of the parameters and fields, with dimensions ``chain`` and ``draw``.

        A mode has one chain of one draw. Fields have the dimensions of their axes, with all of their
        coordinates.
        """
        return self._located(self._group("posterior"))

    def _parameters(self) -> dict[str, xr.DataArray]:
        draws = self.draws
        return {name: draws[name] for name in self._core.names()[1]}

    def update(
        self,
        data: Data,
        *,
        covariates: Mapping[str, Any] | xr.Dataset | None = None,
        coords: Mapping[str, Any] | None = None,
        dims: Sequence[str] | None = None,
    ) -> Fit:
        """The fit with new data, at the parameters that it has: nothing is fitted.

        New data may come before, between or after those of the fit, and fill gaps; what the fit has
        already may be among them or not. The result predicts from all data. ``details["updated"]``
        says what was added, and how well the parameters foresaw it. A fit by draws keeps the
        parameters of each draw and draws its field anew.

        Parameters
        ----------
        data, covariates, coords, dims
            As for :meth:`gridgp.Model.fit`.

        Returns
        -------
        Fit

        Warns
        -----
        FitWarning
            The new observations are not what the parameters let expect.

        Raises
        ------
        ValueError
            The data do not go with those of the fit: other axes or units, values that were others,
            nothing new.
        ModelError
            The model's fields cannot be integrated out, or more data would make it another model.
        """
        from gridgp.model import FitWarning

        problem, _ = self.model._problem(data, covariates, coords, dims, {})
        before = set(self.warnings)
        fit = Fit(self._core.update(problem))
        for warning in fit.warnings:
            if warning not in before:
                warnings.warn(warning, FitWarning, stacklevel=2)
        return fit

    def predict(
        self,
        at: At | None = None,
        *,
        quantiles: Sequence[float] = (),
        draws: int = 0,
        only: Sequence[str] = (),
        seed: Seed | None = None,
        mask: str | None = None,
        **coords: Any,
    ) -> xr.Dataset:
        """Means, standard deviations, quantiles and draws at new places.

        Parameters
        ----------
        at
            Where: nothing for the grid of the data; new coordinates by name, where axes that are not
            named stay as they are; a Dataset or DataArray with the coordinates of a grid, and with
            the covariates there; a DataFrame with a row for each scattered point, or a Dataset whose
            coordinates all lie on one dimension. A covariate that is one number has it everywhere; a
            list has one number a point of the covariate's axis.
        quantiles
            Levels of quantiles of a new observation, between 0 and 1.
        draws
            How many draws to give; 0 for none. Draws are joint over all cells of a grid. Moments and
            quantiles are of all draws of the fit.
        only
            Which quantities: ``"mean"``, ``"observation"``, fields and their sums, ``"trend"``,
            ``"trend + season"``, ``"base + warming * gmst"``; of a fit by draws also parameters of
            the likelihood. What a sum is called has no spaces: ``found["trend+season"]``.
        seed
            Of what the fit leaves open; that of the fit by default.
        mask
            Where to say nothing: ``"data"`` for the cells that the data lack, ``"data:time"`` for the
            places that they lack at all times. A new point has the mask of the nearest point along
            each axis. For a mask of your own write ``fit.predict().where(mask)``.
        **coords
            New coordinates by name, as in `at`.

        Returns
        -------
        xarray.Dataset
            ``mean`` (of the response), ``sd``, ``sd_observation`` (of a new observation), with
            levels ``quantiles``, with draws ``draws``; several fields each, from draws one field,
            too, and the parameters of the likelihood that vary. In the unit of the response. A name that an axis or a
            coordinate of the data has gets ``output_`` in front, ``output_mean``.

        Warns
        -----
        FitWarning
            A mean or a standard deviation is infinite.

        Examples
        --------
        >>> fit.predict(year=[2011, 2012])                                  # doctest: +SKIP
        """
        if np.ndim(quantiles) == 0:
            raise TypeError(f"quantiles is a list of levels: quantiles=[{quantiles}]")
        if isinstance(only, str):
            only = [only]
        if np.ndim(only) == 0:
            raise TypeError(f"only is a list of quantities, such as only=['mean'], and not {only!r}")
        place, dim = self._place(at, coords)
        made = self._core.predict(
            place,
            _values.row(quantiles, "quantiles").tolist(),
            _values.count(draws, "draws"),
            [str(name) for name in only],
            _seed(seed),
            _places.mask(mask),
        )
        from gridgp.model import FitWarning

        found = _places.renamed(_data.to_dataset(made), dim)
        for comment in dict.fromkeys(v.attrs.get("comment") for v in found.values()):
            if comment is not None:
                warnings.warn(comment, FitWarning, stacklevel=2)
        return found

    def aggregate(
        self,
        over: str | Sequence[str],
        at: At | None = None,
        *,
        weights: str | npt.ArrayLike = "equal",
        sum: bool = False,
        mask: str | None = None,
        quantiles: Sequence[float] = (),
        only: str | None = None,
        seed: Seed | None = None,
        **coords: Any,
    ) -> xr.Dataset:
        """Means or sums over axes, with their exact uncertainty.

        The cells of a field are correlated, so that the standard deviation of their mean does not
        follow from those of the cells. Of a fit by ``map`` it is exact; of a fit by draws each joint
        draw is summed.

        Parameters
        ----------
        over
            The axes to sum over; the others stay. Over all axes the result has one point, ``all``.
        at
            Where, as in :meth:`predict`: a grid. New coordinates choose a season or a region.
        weights
            What each cell counts: ``"equal"``; ``"area"``, its area on the sphere, from its latitude;
            or one number a cell, an array with the axes of the model in their order. A difference of
            two areas is a sum with weights of both signs.
        sum
            Sums of weight times value, in place of means.
        mask
            Cells that do not count, as in :meth:`predict`.
        quantiles
            Levels of quantiles of the result, between 0 and 1.
        only
            One quantity: a field, or a sum of fields; the expected response by default.
        seed
            Of what a fit by draws leaves open; that of the fit by default.
        **coords
            New coordinates by name, as in `at`.

        Returns
        -------
        xarray.Dataset
            ``mean``, ``sd`` and with levels ``quantiles``, along the axes that stay. NaN where no cell
            counts.

        Examples
        --------
        >>> fit.aggregate("month")                                          # doctest: +SKIP
        """
        names = [over] if isinstance(over, str) else [str(name) for name in over]
        cells = None
        if not isinstance(weights, str):
            if _is_xarray(weights):
                raise TypeError(
                    "weights are an array with the axes of the model in their order: "
                    "weights.transpose(...).values"
                )
            cells = _values.row(np.ravel(np.asarray(weights, dtype=float)), "weights").tolist()
            weights = "equal"
        elif weights not in ("equal", "area"):
            raise ValueError(f"weights are 'equal', 'area' or an array, and not {weights!r}")
        place, dim = self._place(at, coords)
        made = self._core.aggregate(
            place,
            names,
            weights,
            cells,
            bool(sum),
            _places.mask(mask),
            _values.row(quantiles, "quantiles").tolist(),
            only,
            _seed(seed),
        )
        return _places.renamed(_data.to_dataset(made), dim)

    def sample_posterior_predictive(
        self, at: At | None = None, *, seed: Seed | None = None, **coords: Any
    ) -> xr.Dataset:
        """One new observation for each draw, in every cell.

        Parameters
        ----------
        at, seed, **coords
            As for :meth:`predict`.

        Returns
        -------
        xarray.Dataset
            The response, with dimensions ``chain``, ``draw`` and those of the place.
        """
        if at is None and not coords and seed is None:
            kept = self._core.group("posterior_predictive")
            if kept is not None:
                return self._located(_data.to_dataset(kept))
        place, _ = self._place(at, coords)
        chains, draws, values = self._core.new_observations(place, _seed(seed))
        here, dims = self._where(at, coords)
        name, units = self._core.response()
        shape = (chains, draws, *(here.sizes[d] for d in dims))
        attrs = {} if units is None else {"units": units}
        made = here.assign_coords(chain=np.arange(chains), draw=np.arange(draws))
        return made.assign({name: (("chain", "draw", *dims), values.reshape(shape), attrs)})

    def log_likelihood(self) -> xr.DataArray:
        """log p(y | draw) of each cell, NaN where it is missing: chain, draw, axes of the data."""
        import xarray as xr

        name, _ = self._core.response()
        kept = self._core.group("log_likelihood")
        if kept is not None:
            return self._located(_data.to_dataset(kept))[name]
        values, cells = self._core.log_likelihood()
        here, dims = self._where(None, {})
        shape = tuple(here.sizes[d] for d in dims)
        samples = self._group("posterior")
        chains, draws = samples.sizes["chain"], samples.sizes["draw"]
        full = np.full((chains * draws, int(np.prod(shape))), np.nan)
        full[:, cells] = values.reshape(chains * draws, -1)
        return xr.DataArray(
            full.reshape(chains, draws, *shape),
            coords={"chain": np.arange(chains), "draw": np.arange(draws), **here.coords},
            dims=["chain", "draw", *dims],
            name=name,
        )

    def return_levels(
        self,
        period: Sequence[float] | float = (10, 50, 100),
        *,
        exceed: Sequence[float] | float = (),
        scenarios: Mapping[str, Mapping[str, float]] | None = None,
        quantiles: Sequence[float] = (0.05, 0.5, 0.95),
        at: At | None = None,
        seed: Seed | None = None,
        **coords: Any,
    ) -> xr.Dataset:
        """Return levels and probabilities of exceedance, from draws of a model of extremes.

        Parameters
        ----------
        period
            Years (blocks, for peaks: peaks) of which one on average exceeds the level.
        exceed
            Values whose probability of being exceeded in a year is wanted.
        scenarios
            Values of covariates by scenario, in the units of the data:
            ``{"now": {"gmst": 1.2}, "future": {"gmst": 2.0}}``.
        quantiles
            Levels of posterior quantiles.
        at, seed, **coords
            As for :meth:`predict`.

        Returns
        -------
        xarray.Dataset
            ``level``, ``level_sd``, ``level_quantiles`` on (scenario,) period and the place; with
            `exceed` also ``exceedance`` on value.

        Notes
        -----
        Levels are made in each draw and summarized afterwards, never from mean parameters.
        """
        periods, values, levels = (
            np.atleast_1d(_values.numbers(given, what)).tolist()
            for given, what in ((period, "period"), (exceed, "exceed"), (quantiles, "quantiles"))
        )
        for p in periods:
            if not 1 < p < float("inf"):
                raise ValueError(f"period: {p} is not a number of years above 1")
        cases: Mapping[str, Mapping[str, float]] = {"": {}}
        if scenarios is not None:
            example = '{"now": {"gmst": 1.2}}'
            cases = _values.mapping(scenarios, "scenarios", example)
            for case in cases.values():
                _values.mapping(case, "each of scenarios", '{"gmst": 1.2}')
        if not cases:
            raise ValueError("scenarios is empty; leave it out, or name one")
        places = [self._place(at, coords, changes)[0] for changes in cases.values()]
        found = self._core.tails(places, periods, values, levels, _seed(seed))
        made, dims = self._where(at, coords)
        shape = [made.sizes[d] for d in dims]
        name, units = self._core.response()
        attrs = {} if units is None else {"units": units}
        names = list(cases)
        # What the data have a name for already gets another one.
        own_name = self._core.output_name
        made = made.assign_coords({own_name("period"): periods, own_name("quantile"): levels})
        if scenarios is not None:
            made = made.assign_coords({own_name("scenario"): names})
        scenario = [] if scenarios is None else [("scenario", len(names))]
        wanted = [
            ("level", [*scenario, ("period", len(periods))], f"return level of {name}", attrs),
            (
                "exceedance",
                [*scenario, ("value", len(values))],
                f"P({name} > value)",
                {"units": "1"},
            ),
            (
                "change_of_level",
                [("change", len(names) - 1), ("period", len(periods))],
                f"change of the return level of {name} from the scenario {names[0]!r}",
                attrs,
            ),
        ]
        if values:
            made = made.assign_coords({own_name("value"): values})
        if len(names) > 1:
            made = made.assign_coords({own_name("change"): names[1:]})
        for (what, leading, said, own), summaries in zip(wanted, found, strict=True):
            if not summaries:
                continue
            front, lengths = [own_name(d) for d, _ in leading], [n for _, n in leading]
            about = {"long_name": said, **own}
            mean, sd = (np.stack([s[k] for s in summaries]) for k in (0, 1))
            made[own_name(what)] = ((*front, *dims), mean.reshape(*lengths, *shape), about)
            made[own_name(f"{what}_sd")] = ((*front, *dims), sd.reshape(*lengths, *shape), about)
            if levels:
                stacked = np.stack([s[2] for s in summaries])
                stacked = stacked.reshape(*lengths, len(levels), *shape)
                front.append(own_name("quantile"))
                made[own_name(f"{what}_quantiles")] = ((*front, *dims), stacked, about)
        return made

    def to_datatree(self) -> xr.DataTree:
        """All groups in ArviZ's layout as a DataTree: ``posterior``, ``log_likelihood`` …"""
        import xarray as xr

        tree = self._core.tree()
        names = {"posterior": "prior", "posterior_predictive": "prior_predictive"}
        if self.method != "prior":
            names = {}
        groups = {
            names.get(name, name): _data.to_dataset(group) for name, group in tree["groups"].items()
        }
        made = xr.DataTree.from_dict(groups)
        made.attrs = {"inference_library": "gridgp", "method": self.method}
        return made

    def to_arviz(self) -> Any:
        """The draws as the installed ArviZ takes them.

        Returns
        -------
        xarray.DataTree or arviz.InferenceData
            A DataTree, as ArviZ 1 takes it; of ArviZ 0, which takes no DataTree, an InferenceData
            with the same groups.
        """
        tree = self.to_datatree()
        try:
            import arviz as az
        except ImportError:
            return tree
        inference_data = getattr(az, "InferenceData", None)
        if inference_data is None or str(az.__version__).split(".")[0] != "0":
            return tree
        return inference_data(**{name: group.to_dataset() for name, group in tree.children.items()})

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a fit file, which the command line, Rust, ArviZ and xarray open."""
        self._core.save(Path(path))

    def describe(self) -> str:
        """The model as equations, with every default, as ``gridgp check`` prints it."""
        return self._core.describe()

    def _group(self, name: str) -> xr.Dataset:
        group = self._core.group(name)
        if group is None:
            raise UnknownNameError(f"this fit by {self.method!r} has no group {name!r}")
        return _data.to_dataset(group)

    # Where to predict.

    def _located(self, made: xr.Dataset) -> xr.Dataset:
        """A group with all coordinates of its axes, of which a file for ArviZ has only some."""
        here, _ = self._where(None, {})
        return made.assign_coords(
            {name: c for name, c in here.coords.items() if set(c.dims) <= set(made.dims)}
        )

    def _axes(self) -> dict[str, list[tuple[str, str, str | None, str | None, int]]]:
        return dict(self._core.axes())

    def _place(
        self, at: object, coords: Mapping[str, Any], scenario: Mapping[str, float] | None = None
    ) -> tuple[_Place | None, Hashable | None]:
        """The place for Rust, and the name of the dimension of scattered points."""
        if at is None and not coords and not scenario:
            return None, None
        arrays, points = self._arrays(at, coords)
        axes = self._axes()
        known = {c[0] for facts in axes.values() for c in facts}
        covariates = self._core.covariates()
        variables = {variable for _, variable, *_ in covariates}
        for name in coords.keys() | (
            at.keys() if isinstance(at, Mapping) and not _is_xarray(at) else ()
        ):
            if name not in known | variables:
                raise UnknownNameError(
                    f"the fit has no coordinate or covariate {name!r}"
                    + did_you_mean(name, sorted(known | variables))
                )
        for name in scenario or {}:
            if name not in {c[0] for c in covariates}:
                raise UnknownNameError(
                    f"the model has no covariate {name!r}"
                    + did_you_mean(name, [c[0] for c in covariates])
                )
        coordinates: list[list[_data.Coordinate] | None] = []
        sizes: list[int] = []
        dims: list[Hashable] = []
        for axis, facts in axes.items():
            own = [c[0] for c in facts]
            given = [name for name in own if name in arrays]
            if not given and points is None:
                coordinates.append(None)
                sizes.append(facts[0][4])
                dims.append(axis)
                continue
            if len(given) < len(own):
                missing = [name for name in own if name not in given]
                raise UnknownNameError(
                    f"the axis {axis!r} needs its coordinates {', '.join(map(repr, own))}, and "
                    f"{', '.join(map(repr, missing))} is not there"
                )
            found, first = [self._like(arrays[c[0]], c) for c in facts], arrays[own[0]]
            if points is None:
                found += _data.names_along(first, first.dims[0], axis, own)
            coordinates.append(found)
            sizes.append(len(found[0][1]))
            dims.append(first.dims[0])
        scaled = {name: _values.scalar(value, name) for name, value in (scenario or {}).items()}
        if points is not None:
            columns = []
            count = sizes[0]
            for name, variable, *_ in covariates:
                if name in scaled:
                    columns.append((name, np.full(count, scaled[name])))
                elif variable in arrays:
                    column = _values.numbers(arrays[variable], name)
                    if column.ndim > 0 and column.shape != (count,):
                        raise ValueError(
                            f"the covariate {name!r} has the shape {column.shape}, and there are "
                            f"{count} points; give one number, or one a point"
                        )
                    columns.append((name, np.array(np.broadcast_to(column, count))))
            return (coordinates, [], columns), points
        here, _ = self._where(at, coords)
        on_axes: list[tuple[list[int], np.ndarray[Any, Any], str | None] | None] = []
        for name, variable, along, own_coordinate, _ in covariates:
            shape = [sizes[a] for a in along]
            if name in scaled:
                on_axes.append((along, np.full(shape, scaled[name]), None))
            elif own_coordinate or variable not in arrays:
                on_axes.append(None)
            else:
                values = _places.spread(arrays[variable], name, along, dims, here, list(axes))
                units = arrays[variable].attrs.get("units")
                on_axes.append((along, values, None if units is None else str(units)))
        return (coordinates, on_axes, None), None

    def _arrays(
        self, at: object, coords: Mapping[str, Any]
    ) -> tuple[dict[str, xr.DataArray], Hashable | None]:
        """New coordinates and covariates by name; the dimension of scattered points, if they are."""
        import pandas as pd
        import xarray as xr

        found: dict[str, xr.DataArray] = {}
        points: Hashable | None = None
        axes = self._axes()
        if isinstance(at, pd.DataFrame):
            if not isinstance(at.index, pd.RangeIndex) and any(
                n is not None for n in at.index.names
            ):
                at = at.reset_index()
            used = {c[0] for facts in axes.values() for c in facts}
            used |= {variable for _, variable, *_ in self._core.covariates()}
            found = {
                name: xr.DataArray(_values.plain(at[name], f"the column {name!r}"), dims="point")
                for name in used.intersection(at.columns)
            }
            points = "point"
        elif isinstance(at, xr.DataArray | xr.Dataset):
            found = {str(name): c for name, c in at.coords.items()}
            if isinstance(at, xr.Dataset):
                found |= {str(name): v for name, v in at.data_vars.items()}
            for facts in axes.values():
                for name, *_ in facts:
                    if name not in found and name in at.dims:
                        found[name] = xr.DataArray(
                            np.arange(at.sizes[name], dtype=float), dims=name
                        )
        elif isinstance(at, Mapping):
            coords = {**at, **coords}
        elif at is not None:
            raise TypeError(
                f"predict is asked for places in a {type(at).__name__}; give a Dataset, a DataFrame of "
                "points, or coordinates by name: predict(year=[2011, 2012])"
            )
        axis_of = {name: axis for axis, facts in axes.items() for name, *_ in facts}
        for name, values in coords.items():
            if not isinstance(values, xr.DataArray):
                plain = _values.plain(values, name)
                # Without names: of an axis, or to be matched with those of a covariate.
                unnamed = [axis_of[name]] if name in axis_of and plain.ndim < 2 else None
                if unnamed is None:
                    unnamed = [f"{name}, dimension {k}" for k in range(plain.ndim)]
                values = xr.DataArray(np.atleast_1d(plain) if name in axis_of else plain, dims=unnamed)
            elif values.ndim == 0 and name in axis_of:
                values = values.expand_dims(axis_of[name])
            found[name] = values
        for name, variable in found.items():
            if name in axis_of and variable.ndim != 1:
                raise ValueError(
                    f"the coordinate {name!r} has {variable.ndim} dimensions here, and needs one; "
                    "keep it with .expand_dims, or select a list of one value"
                )
        found = {name: _data._computed(variable) for name, variable in found.items()}
        for name in (c[0] for facts in axes.values() for c in facts if c[1] == "time"):
            if name in found:
                values = _values.plain(found[name], name)
                if values.dtype.kind in "UST":
                    # Dates as text.
                    times = values.astype("datetime64[ns]")
                    found[name] = xr.DataArray(times, dims=found[name].dims)
        if points is None:
            shared: dict[Hashable, set[str]] = {}
            for name, axis in axis_of.items():
                if name in found:
                    shared.setdefault(found[name].dims[0], set()).add(axis)
            several = [dim for dim, own in shared.items() if len(own) > 1]
            points = several[0] if several else None
        return found, points

    def _like(
        self, variable: xr.DataArray, facts: tuple[str, str, str | None, str | None, int]
    ) -> _data.Coordinate:
        """A new coordinate, after a check that it is of the kind of the fit's."""
        name, kind, units, calendar, _ = facts
        new = _data.coordinate(variable, name)
        is_time = new[1].dtype.kind in "Mi" if isinstance(new[1], np.ndarray) else False
        if kind == "time" and not is_time and not isinstance(new[1], list):
            if new[2] is None:
                raise TypeError(
                    f"{name!r} is a time in the fit ({units}) and holds numbers here, such as "
                    f"{new[1][0]:g}; give times: np.array(['2011-01-01'], dtype='datetime64[ns]'), or "
                    f"numbers with attrs={{'units': {units!r}}}"
                )
            return name, new[1], new[2], calendar
        if kind == "number" and is_time:
            raise TypeError(
                f"{name!r} holds times here and numbers in the fit{f' ({units})' if units else ''}; "
                f"give numbers, for example the years of the times: da[{name!r}].dt.year"
            )
        if kind == "number" and isinstance(new[1], list):
            raise TypeError(f"{name!r} holds text such as {new[1][0]!r}, and numbers in the fit")
        if kind == "label" and not isinstance(new[1], list):
            numbers = [float(v) for v in new[1]]
            return name, [f"{v:.0f}" if v.is_integer() else repr(v) for v in numbers], None, None
        return new

    def _where(self, at: object, coords: Mapping[str, Any]) -> tuple[xr.Dataset, list[Hashable]]:
        """The coordinates of a place, and its dimensions in the order of the values."""
        import xarray as xr

        arrays, points = ({}, None) if at is None and not coords else self._arrays(at, coords)
        axes = self._axes()
        if points is not None:
            names = [name for facts in axes.values() for name, *_ in facts]
            columns = {name: (points, _values.plain(arrays[name], name)) for name in names}
            return xr.Dataset(coords=columns), [points]
        variables: dict[str, Any] = {}
        for i, (axis, facts) in enumerate(axes.items()):
            own = [name for name, *_ in facts]
            moved = own[0] in arrays
            if moved:
                first = arrays[own[0]]
                shown = _data.names_along(first, first.dims[0], axis, own)
                for name, values, units, calendar in shown:
                    variables[name] = _times.of_core(axis, values, units, calendar)
                for name in own:
                    given = arrays[name]
                    variables[name] = (axis, _values.plain(given, name), dict(given.attrs))
                continue
            for j, name in enumerate(own):
                values, attrs = self._core.coordinate(i, j)
                variables[name] = _times.decoded(axis, np.asarray(values), attrs)
            called = self._core.names_along(i)
            if called is not None:
                variables[axis] = _times.of_core(axis, *called)
        return xr.Dataset(coords=variables), list(axes)

    # Manners.

    def __repr__(self) -> str:
        head = f"<gridgp.Fit by {self.method}, seed {self.seed}>"
        return f"{head}\n{self.summary().to_string()}"

    def _repr_html_(self) -> str:
        table = self.summary().to_html()
        notes = "".join(f"<p>&#9888; {w}</p>" for w in self.warnings)
        return f"<p><b>gridgp.Fit</b> by {self.method}, seed {self.seed}</p>{table}{notes}"

    def __reduce__(self) -> tuple[Callable[[bytes], Fit], tuple[bytes]]:
        return _from_bytes, (self._core.to_bytes(),)


def _from_bytes(content: bytes) -> Fit:
    return Fit(_core.Fit.from_bytes(content))


def _is_xarray(at: object) -> bool:
    import xarray as xr

    return isinstance(at, xr.DataArray | xr.Dataset)


def _seed(seed: Seed | None) -> int | None:
    return None if seed is None else _values.seed(seed)
