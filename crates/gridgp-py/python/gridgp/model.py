"""Models: likelihoods, equations and axes, from objects, dictionaries or model files."""

from __future__ import annotations

import copy
import html
import json
import os
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from gridgp import _core, _values
from gridgp import data as _data
from gridgp.likelihoods import Likelihood
from gridgp.progress import reporter
from gridgp.terms import Axis, Covariate, Expression, Field, Parameter, _entry

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike

    from gridgp._values import Seed
    from gridgp.data import Data
    from gridgp.fit import Fit

__all__ = ["FitWarning", "LogDensity", "Method", "Model"]

Method: TypeAlias = Literal["map", "nuts", "svi", "laplace", "pathfinder"]


class FitWarning(UserWarning):
    """What a statistician would want to know before believing a fit."""


class Model:
    """A model of a response on a grid: a likelihood whose parameters have equations.

    Parameters
    ----------
    likelihood
        The distribution of the response; see :mod:`gridgp.likelihoods`.
    response
        The name of the response; that of the data by default.
    axes
        The axes, slowest first: names, :class:`Axis` objects, or a dictionary from names to
        coordinates. By default the dimensions of the data.
    covariates
        Settings of covariates that equations name by text; others are taken from the equations.
    parameters
        Priors of parameters that equations, amplitudes or kernels name by text.
    fields
        Fields that equations name by text.
    sel, isel
        Which points of the data to keep, as in model files.
    standardize
        Whether to model the response minus its mean, divided by its standard deviation.
    **inference
        Settings of the inference, as in model files: ``method``, ``draws``, ``chains``, ``seed`` …
        :meth:`fit` takes them too.

    Examples
    --------
    >>> import gridgp as gp
    >>> from gridgp.likelihoods import Gaussian
    >>> from gridgp.priors import HalfNormal, Normal
    >>> course = gp.Field("course", year="constant() + 0.25 * white()", month="matern32()",
    ...                   amplitude=HalfNormal(3))
    >>> model = gp.Model(
    ...     Gaussian(location=gp.Intercept(Normal(23, 3), name="mean") + course),
    ...     response="sst",
    ... )
    >>> print(model)
    sst[year, month] ~ gaussian(location)
      location = mean + course
      course(year, month) ~ GP(0, amplitude^2 * [year: constant() + 0.25 * white()] * [month: matern32()])
      course.amplitude ~ half_normal(3)
      mean ~ normal(23, 3)
    """

    def __init__(
        self,
        likelihood: Likelihood,
        *,
        response: str | None = None,
        axes: Mapping[str, Any] | Iterable[str | Axis] | None = None,
        covariates: Iterable[Covariate] = (),
        parameters: Iterable[Parameter] | Mapping[str, Any] = (),
        fields: Iterable[Field] = (),
        sel: Mapping[str, Any] | None = None,
        isel: Mapping[str, Any] | None = None,
        standardize: bool = False,
        **inference: Any,
    ) -> None:
        if not isinstance(likelihood, Likelihood):
            raise TypeError(
                f"the likelihood is a {type(likelihood).__name__}; give one of gridgp.likelihoods, "
                "such as Gaussian(location=…)"
            )
        parts = _Parts()
        given = parameters.items() if isinstance(parameters, Mapping) else ()
        parts.add(Parameter(name, prior) for name, prior in given)
        if not isinstance(parameters, Mapping):
            parts.add(parameters)
        parts.add(fields)
        parts.add(covariates)
        equations: dict[str, float | str] = {}
        for name, equation in likelihood.equations.items():
            if isinstance(equation, Expression):
                parts.add(equation._parts())
            equations[name] = _entry(equation, f"{name} of {likelihood.family}")
        layout: dict[str, Any] = {"data": {"response": response, "axes": _axes(axes)}}
        data = layout["data"]
        if parts.covariates:
            data["covariates"] = {c.name: c._spec() for c in parts.covariates.values()}
        for key, selection in (("sel", sel), ("isel", isel)):
            if selection is not None and _values.mapping(selection, key, '{"year": 1990}'):
                data[key] = {name: _selection(value) for name, value in selection.items()}
        if standardize:
            data["standardize"] = True
        declared = {p.name: p.prior for p in parts.parameters.values()}
        if declared:
            layout["parameters"] = {
                name: "default" if prior is None else _entry(prior, f"the prior of {name!r}")
                for name, prior in declared.items()
            }
        if parts.fields:
            layout["fields"] = {f.name: f._spec() for f in parts.fields.values()}
        layout["likelihood"] = {"family": likelihood.family, **equations}
        if inference:
            layout["inference"] = _values.setting(inference, "inference")
        self._set(layout, None, None)

    def _set(self, layout: dict[str, Any], spec: _core.Spec | None, folder: Path | None) -> None:
        self._layout = layout
        # The text of a model file stays as it was written, with its comments.
        self._spec = spec
        self._folder = folder
        if layout["data"]["axes"] and layout["data"]["response"]:
            # Mistakes in names and settings are told now, not at the first fit.
            self._resolved({})

    @classmethod
    def from_toml(cls, source: str | os.PathLike[str]) -> Model:
        """The model of a model file.

        Parameters
        ----------
        source
            The path of a model file, or its text.

        Returns
        -------
        Model
            It keeps the text, comments included. Without data, :meth:`fit` reads the file that the
            text names, relative to the model file.

        Raises
        ------
        ModelError
            With line, column and an excerpt.
        """
        folder: Path | None = None
        if isinstance(source, str) and ("\n" in source or "=" in source):
            text, name = source, "model"
        else:
            path = Path(source)
            text, name, folder = path.read_text(encoding="utf-8"), path.name, path.parent
        spec = _core.Spec.from_toml(text, name)
        return cls._of(spec, folder)

    @classmethod
    def from_dict(cls, layout: Mapping[str, Any]) -> Model:
        """The model of a dictionary with the keys of a model file."""
        model = cls.__new__(cls)
        own = _values.setting(dict(layout), "the model")
        data = own.get("data")
        if not isinstance(data, Mapping) or "likelihood" not in own:
            raise ValueError(
                'a model has the keys "data" and "likelihood", as in model files; this has '
                + ", ".join(map(repr, own))
            )
        own["data"] = {"response": None, **data, "axes": _axes(data.get("axes"))}
        model._set(own, None, None)
        return model

    @classmethod
    def _of(cls, spec: _core.Spec, folder: Path | None = None) -> Model:
        model = cls.__new__(cls)
        model._set(json.loads(spec.json()), spec, folder)
        return model

    def to_dict(self) -> dict[str, Any]:
        """The model with the keys of a model file."""
        layout = copy.deepcopy(self._layout)
        for key in ("response", "axes"):
            if not layout["data"][key]:
                del layout["data"][key]
        return layout

    def to_toml(self) -> str:
        """The text of the model file that says the same.

        Raises
        ------
        ValueError
            The model has no response or no axes yet: they would come from the data.
        """
        return self._resolved({}).toml()

    def _resolved(self, missing: Mapping[str, Any]) -> _core.Spec:
        if self._spec is not None:
            return self._spec
        layout = copy.deepcopy(self._layout)
        data = layout["data"]
        for key, value in missing.items():
            data[key] = data[key] or value
        for key, example in (("response", 'response="y"'), ("axes", 'axes=["year", "month"]')):
            if not data[key]:
                raise ValueError(
                    f"the model does not say its {key}, which would come from the data of a fit; "
                    f"give Model(…, {example})"
                )
        return _core.Spec.from_json(json.dumps(layout), "model")

    def fit(
        self,
        data: Data | None = None,
        *,
        covariates: Mapping[str, Any] | xr.Dataset | None = None,
        coords: Mapping[str, Any] | None = None,
        dims: Sequence[str] | None = None,
        method: Method | None = None,
        seed: Seed | None = None,
        chains: int | None = None,
        tune: int | None = None,
        draws: int | None = None,
        target_accept: float | None = None,
        starts: int | None = None,
        progress: bool | Callable[[dict[str, Any]], None] = True,
        log: str | os.PathLike[str] | None = None,
        resume: bool = False,
        **settings: Any,
    ) -> Fit:
        """Finds the unknowns.

        Parameters
        ----------
        data
            The response on its grid: a DataArray with the axes as dimensions, in any order; a Dataset
            that also holds covariates; a Series or DataFrame with the axes as levels of its index or
            as columns; or an array with `coords`. NaN is missing, and so is what is masked. Without
            data, the file that the model file names.
        covariates
            Covariates by the names of their variables, on some of the dimensions.
        coords, dims
            Coordinates of an array, as for ``xarray.DataArray``.
        method
            ``"map"``, ``"nuts"``, ``"svi"``, ``"laplace"`` or ``"pathfinder"``; that of the model by
            default.
        seed
            Of everything random: a whole number, or a ``numpy.random.Generator`` that gives one. The
            same seed gives the same numbers as the command line.
        chains, tune, draws, target_accept, starts, **settings
            Settings of the inference, as in model files.
        progress
            Whether to show bars; or a function that is called with what there is to show.
        log
            A file that keeps the draws of ``"nuts"`` as they come; it is removed at the end.
        resume
            Whether to go on with the draws in `log`.

        Returns
        -------
        Fit

        Warns
        -----
        FitWarning
            What should be known before believing the numbers.

        Raises
        ------
        ModelError, ValueError, KeyError, TypeError
            The model or the data, with what to do.
        NotPositiveDefiniteError, InferenceError
            Nothing was found.
        KeyboardInterrupt
            After Ctrl-C where there is nothing to keep. Draws that are there, and the best point of
            a search for a mode, are kept, with a warning.
        """
        from gridgp.fit import Fit

        named = {
            "method": method,
            "seed": seed,
            "chains": chains,
            "tune": tune,
            "draws": draws,
            "target_accept": target_accept,
            "starts": starts,
        }
        changes = settings | {key: value for key, value in named.items() if value is not None}
        changes = {key: _values.setting(value, key) for key, value in changes.items()}
        if seed is not None:
            changes["seed"] = _values.seed(seed)
        problem, _ = self._problem(data, covariates, coords, dims, changes)
        report = reporter(progress)
        path = None if log is None else Path(log)
        try:
            found, interrupted = problem.fit(report, path, resume)
        finally:
            close = getattr(report, "close", None)
            if close is not None:
                close()
        fit = Fit(found)
        if path is not None and not interrupted and path.exists():
            path.unlink()
        for warning in fit.warnings:
            warnings.warn(warning, FitWarning, stacklevel=2)
        return fit

    def prior(
        self,
        data: Data | None = None,
        *,
        draws: int = 1000,
        seed: Seed = 0,
        covariates: Mapping[str, Any] | xr.Dataset | None = None,
        coords: Mapping[str, Any] | None = None,
        dims: Sequence[str] | None = None,
    ) -> Fit:
        """Draws from the prior, which answer the same questions as a fit.

        The data give the grid, the covariates and the default priors; the response is not
        conditioned on.

        Parameters
        ----------
        data, covariates, coords, dims
            As for :meth:`fit`.
        draws
            Number of independent draws.
        seed
            Their seed.
        """
        from gridgp.fit import Fit

        problem, _ = self._problem(data, covariates, coords, dims, {})
        return Fit(problem.prior(_values.count(draws, "draws", 1), _values.seed(seed)))

    def describe(
        self,
        data: Data | None = None,
        *,
        covariates: Mapping[str, Any] | xr.Dataset | None = None,
        coords: Mapping[str, Any] | None = None,
        dims: Sequence[str] | None = None,
    ) -> str:
        """The model for these data as equations, as ``gridgp check`` prints it.

        With every default, and how the fields are integrated out where the method does that: the
        algebra, and what an evaluation takes of time and memory.
        """
        return self._problem(data, covariates, coords, dims, {})[0].describe()

    def log_density(
        self,
        data: Data | None = None,
        *,
        route: Literal["auto", "marginal", "joint"] = "auto",
        covariates: Mapping[str, Any] | xr.Dataset | None = None,
        coords: Mapping[str, Any] | None = None,
        dims: Sequence[str] | None = None,
    ) -> LogDensity:
        """The log density of the unconstrained unknowns, for samplers and optimizers of your own.

        Parameters
        ----------
        data, covariates, coords, dims
            As for :meth:`fit`.
        route
            ``"marginal"``: the parameters, with the field integrated out; ``"joint"``: parameters
            and whitened fields; ``"auto"``: the first where the model allows it.
        """
        problem, _ = self._problem(data, covariates, coords, dims, {})
        return LogDensity(problem.density(route))

    def _problem(
        self,
        data: object,
        covariates: Mapping[str, Any] | xr.Dataset | None,
        coords: Mapping[str, Any] | None,
        dims: Sequence[str] | None,
        changes: Mapping[str, Any],
    ) -> tuple[_core.Problem, _core.Spec]:
        file = self._layout["data"].get("file")
        if data is None:
            if file is None or self._spec is None:
                raise TypeError("give data: the model names no file to read them from")
            spec = self._resolved({})
            if changes:
                spec = spec.with_inference(json.dumps(changes))
            return _core.Problem.read(spec, (self._folder or Path()) / file), spec
        response = self._layout["data"]["response"]
        array, others = _data.as_arrays(
            data, response=response, axes=self._axes(), coords=coords, dims=dims
        )
        others |= _data.covariates_of(covariates)
        missing = {
            "response": str(array.name or "y"),
            "axes": {str(d): {"coordinates": [str(d)]} for d in array.dims},
        }
        spec = self._resolved(missing)
        if changes:
            spec = spec.with_inference(json.dumps(changes))
        return _data.problem(spec, json.loads(spec.json()), array, others), spec

    def _axes(self) -> dict[str, list[str]]:
        """The coordinates of each axis, as far as the model says them: its axes, or those of its
        fields."""
        own = self._layout["data"]["axes"]
        if own:
            return {name: list(axis["coordinates"]) for name, axis in own.items()}
        fields = self._layout.get("fields", {}).values()
        known = [axis for field in fields for axis in field if axis not in ("amplitude", "center")]
        return {axis: [axis] for axis in known}

    def __eq__(self, other: object) -> bool:
        return self._layout == other._layout if isinstance(other, Model) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Callable[..., Model], tuple[Any, ...]]:
        if self._spec is not None:
            return _from_text, (self._spec.toml(), self._spec.name, self._folder)
        return Model.from_dict, (self.to_dict(),)

    def _lines(self) -> list[str]:
        layout = self._layout
        data, fields = layout["data"], layout.get("fields", {})
        axes = list(self._axes())
        likelihood = dict(layout["likelihood"])
        family = likelihood.pop("family")
        lines = [
            f"{data['response'] or 'y'}[{', '.join(axes)}] ~ {family}({', '.join(likelihood)})"
        ]
        lines += [f"  {name} = {equation}" for name, equation in likelihood.items()]
        for name, field in fields.items():
            kernels = {a: k for a, k in field.items() if a not in ("amplitude", "center")}
            center = field.get("center", [])
            amplitude = str(field.get("amplitude", "amplitude"))
            prior = f"  {name}.amplitude ~ {amplitude}" if "(" in amplitude else None
            inside = " * ".join(
                f"[{a}: {k}{', centered' if a in center else ''}]" for a, k in kernels.items()
            )
            size = "amplitude" if prior else amplitude
            lines.append(f"  {name}({', '.join(kernels)}) ~ GP(0, {size}^2 * {inside})")
            if prior:
                lines.append(prior)
        for name, prior in layout.get("parameters", {}).items():
            sign = "=" if isinstance(prior, int | float) else "~"
            lines.append(f"  {name} {sign} {prior}")
        return lines

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        return f"<gridgp.Model\n{self}>"

    def _repr_html_(self) -> str:
        rows = []
        for line in self._lines():
            text = html.escape(line.strip())
            text = re.sub(r"\b([^\W\d][\w.]*)(?=\(| ~| =|$|[ ,\])*^])", r"<i>\1</i>", text)
            text = text.replace(" ~ ", " &sim; ").replace(" * ", " &middot; ")
            text = re.sub(r"\^(\w+)", r"<sup>\1</sup>", text)
            rows.append(
                f'<div style="margin-left:{"2em" if line.startswith(" ") else "0"}">{text}</div>'
            )
        return '<div style="font-family:serif">' + "".join(rows) + "</div>"


def _from_text(text: str, name: str, folder: Path | None) -> Model:
    return Model._of(_core.Spec.from_toml(text, name), folder)


class _Parts:
    """The named parts of equations: each name once."""

    def __init__(self) -> None:
        self.parameters: dict[str, Parameter] = {}
        self.fields: dict[str, Field] = {}
        self.covariates: dict[str, Covariate] = {}

    def add(self, parts: Iterable[object]) -> None:
        for part in parts:
            match part:
                case Parameter():
                    self._once(self.parameters, part, lambda p: p.prior)
                case Field():
                    self._once(self.fields, part, Field._spec)
                    self.add(q for q in part._quantities() if isinstance(q, Parameter))
                case Covariate():
                    # `* "gmst"` names a covariate that may have settings elsewhere.
                    known = self.covariates.get(part.name)
                    if known is None or not known._spec():
                        self.covariates[part.name] = part
                    elif part._spec():
                        self._once(self.covariates, part, Covariate._spec)
                case Expression():
                    pass
                case _:
                    raise TypeError(f"{part!r} is no part of a model")
        for name in self.parameters.keys() | self.fields.keys():
            # A text that names a parameter or a field is that.
            known = self.covariates.get(name)
            if known is not None and not known._spec():
                del self.covariates[name]

    @staticmethod
    def _once(known: dict[str, Any], part: Any, what: Callable[[Any], object]) -> None:
        other = known.setdefault(part.name, part)
        if other is not part and what(other) != what(part):
            raise ValueError(
                f"{part.name!r} is declared twice, as {other!r} and as {part!r}; use one object in both "
                "places, or give them different names"
            )


def _axes(axes: Mapping[str, Any] | Iterable[str | Axis] | None) -> dict[str, Any]:
    if axes is None:
        return {}
    if isinstance(axes, str):
        raise TypeError(f"axes is text; give a list of names: [{axes!r}]")
    found: dict[str, Any] = {}
    pairs = axes.items() if isinstance(axes, Mapping) else ((a, None) for a in axes)
    for axis, own in pairs:
        if isinstance(axis, Axis):
            name, spec = axis.name, axis._spec()
        elif isinstance(own, Axis):
            name, spec = axis, own._spec()
        elif own is None:
            name, spec = axis, {"coordinates": [axis]}
        elif isinstance(own, str):
            name, spec = axis, {"coordinates": [own]}
        elif isinstance(own, Mapping):
            own = dict(own)
            given = own.get("coordinates") or [axis]
            name = axis
            spec = {**own, "coordinates": [given] if isinstance(given, str) else list(given)}
        else:
            name, spec = axis, {"coordinates": list(own)}
        if name in found:
            raise ValueError(f"the axis {name!r} is listed twice")
        found[name] = spec
    return found


def _selection(value: object) -> object:
    """A selection as model files have it; slices are ranges."""
    if isinstance(value, slice):
        ends = {"from": value.start, "to": value.stop, "step": value.step}
        return {key: _scalar(v) for key, v in ends.items() if v is not None}
    if isinstance(value, Mapping | str):
        return value
    if isinstance(value, Iterable):
        return [_scalar(v) for v in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    """A number or text; times as text."""
    if hasattr(value, "dtype"):
        array = np.asarray(value)
        return str(array[()]) if array.dtype.kind in "MO" else array.item()
    return value if isinstance(value, int | float | str) else str(value)


class LogDensity:
    """A log density with its gradient, without its constant; −inf outside of the support.

    Calling it with unknowns x, an array of shape (dim,), gives a float. The GIL is released; one
    evaluation runs at a time.
    """

    def __init__(self, inner: _core.Density) -> None:
        self._inner = inner

    # First straight to the extension: every microsecond counts in a sampler.

    def __call__(self, x: ArrayLike) -> float:
        """The log density at `x`."""
        try:
            return self._inner(x)  # type: ignore[arg-type]
        except TypeError:
            return self._inner(_values.row(x, "x"))

    def gradient(self, x: ArrayLike) -> tuple[float, np.ndarray[Any, Any]]:
        """The log density at `x`, and its gradient."""
        try:
            return self._inner.gradient(x)  # type: ignore[arg-type]
        except TypeError:
            return self._inner.gradient(_values.row(x, "x"))

    @property
    def dim(self) -> int:
        """Number of unknowns."""
        return self._inner.dim

    @property
    def route(self) -> str:
        """``"marginal"`` or ``"joint"``."""
        return self._inner.route

    @property
    def names(self) -> list[str]:
        """The parameters, which come first among the unknowns."""
        return self._inner.names

    def __repr__(self) -> str:
        return f"<gridgp.LogDensity of {self.dim} unknowns, {self.route}>"
