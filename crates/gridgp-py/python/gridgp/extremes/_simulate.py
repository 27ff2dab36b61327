"""Simulated climates with a known truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from gridgp import _core, _values
from gridgp.kernels._expression import Kernel
from gridgp.kernels._points import Points

Float: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Linear:
    """rate · t: the temperature rises evenly."""

    rate: float
    """K a year."""
    _name: ClassVar[str] = "linear"


@dataclass(frozen=True)
class Exponential:
    """rate · time · (exp(t/time) − 1): the rate grows by e in each ``time``."""

    rate: float
    """K a year, in the first year."""
    time: float
    """Years."""
    _name: ClassVar[str] = "exponential"


@dataclass(frozen=True)
class Stabilization:
    """total · (1 − exp(−t/time)): the rise slows down and stops at ``total``."""

    total: float
    """K."""
    time: float
    """Years."""
    _name: ClassVar[str] = "stabilization"


@dataclass(frozen=True)
class Varying:
    """A parameter of the GEV over stations: a level, and a Matérn 3/2 field around it."""

    middle: float
    """Its mean (location, slope) or median (scale, shape)."""
    amplitude: float = 0.0
    """Standard deviation of the field; of the scale that of log scale."""
    lengthscale: float = 3.0
    """Lengthscale of the field, in degrees."""

    def _three(self) -> tuple[float, float, float]:
        return self.middle, self.amplitude, self.lengthscale


def _warming(warming: Linear | Exponential | Stabilization) -> tuple[str, float, float]:
    if not isinstance(warming, Linear | Exponential | Stabilization):
        raise TypeError(f"the warming is {warming!r}; give Linear, Exponential or Stabilization")
    amount = warming.total if isinstance(warming, Stabilization) else warming.rate
    return warming._name, amount, 1.0 if isinstance(warming, Linear) else warming.time


def simulate(
    seed: _values.Seed,
    *,
    stations: int = 40,
    years: range = range(1985, 2025),
    lon: tuple[float, float] = (-9.0, 3.0),
    lat: tuple[float, float] = (36.0, 44.0),
    warming: Linear | Exponential | Stabilization = Linear(0.02),
    gmst_sd: float = 0.1,
    gmst_correlation: float = 0.5,
    location: Varying = Varying(35.0, 2.0, 2.0),
    slope: Varying = Varying(1.2, 0.5, 3.0),
    scale: Varying = Varying(1.8),
    shape: Varying = Varying(0.12),
    year_amplitude: float = 0.0,
    year_lengthscale: float = 5.0,
) -> xr.Dataset:
    """Yearly maxima at stations with a known truth, as ``gridgp simulate`` makes them.

    The location of a station in a year is location + slope · (gmst − its mean) + a shift of the
    year. The same seed gives the same numbers as the command line's.

    Parameters
    ----------
    seed
        Every random part has a stream of its own, so that one can be changed without the others.
    stations
        How many, at random places.
    years
        The years.
    lon, lat
        The box of the stations, in degrees.
    warming
        How the global temperature rises.
    gmst_sd, gmst_correlation
        Standard deviation of its noise, in K, and correlation from year to year.
    location, slope, scale, shape
        The parameters of the GEV. The shape is ½ tanh(artanh(2 middle) + field).
    year_amplitude, year_lengthscale
        Standard deviation of the shift of the location from year to year, and its lengthscale.

    Returns
    -------
    Dataset
        ``tmax`` (station, year), ``gmst`` (year), and the truth: ``location_true``,
        ``slope_true``, ``scale_true``, ``shape_true`` (station), ``year_true`` (year).
    """
    for name, given in {"location": location, "slope": slope, "scale": scale, "shape": shape}.items():
        if not isinstance(given, Varying):
            raise TypeError(f"{name} is {given!r}; give Varying({given!r}), with a field around it")
    year = _values.row(list(years), "years")
    columns, observations = _core.extremes_simulate(
        _values.count(stations, "stations"),
        [*lon, *lat],
        year.tolist(),
        _warming(warming),
        (gmst_sd, gmst_correlation),
        location._three(),
        slope._three(),
        scale._three(),
        shape._three(),
        (year_amplitude, year_lengthscale),
        _values.seed(seed),
    )
    names = ["gmst", "location_true", "slope_true", "scale_true", "shape_true", "year_true"]
    described = {
        "gmst": ("global mean surface temperature", "K"),
        "location_true": ("location at the mean gmst", "degC"),
        "slope_true": ("rise of the location with gmst", None),
        "scale_true": ("scale", "degC"),
        "shape_true": ("shape", None),
        "year_true": ("shift of the location in a year", "degC"),
    }
    variables: dict[str, xr.Variable] = {}
    for name, column in zip(names, columns[2:], strict=True):
        long_name, units = described[name]
        attributes = {"long_name": long_name} | ({"units": units} if units else {})
        dim = "year" if name in ("gmst", "year_true") else "station"
        variables[name] = xr.Variable([dim], column, attributes)
    attributes = {"long_name": "simulated yearly maximum", "units": "degC"}
    variables["tmax"] = xr.Variable(["station", "year"], observations, attributes)
    coordinates = {
        "lon": ("station", columns[0]),
        "lat": ("station", columns[1]),
        "year": year.astype(np.int64),
    }
    return xr.Dataset(variables, coordinates, {"title": "simulated yearly maxima"})


def gmst(
    years: int,
    warming: Linear | Exponential | Stabilization,
    *,
    sd: float = 0.0,
    correlation: float = 0.0,
    seed: _values.Seed,
) -> Float:
    """A trajectory of the global mean surface temperature, above the first year's.

    Parameters
    ----------
    years
        How many.
    warming
        How it rises.
    sd
        Standard deviation of the noise, in K, the same in every year.
    correlation
        Of the noise from year to year, between −1 and 1.
    seed
        The same seed gives the same noise.

    Returns
    -------
    ndarray
        Shape (years,), in K.
    """
    name, amount, time = _warming(warming)
    return _core.extremes_gmst(
        name, amount, time, _values.count(years, "years"), sd, correlation, _values.seed(seed)
    )


def spatial_field(
    kernel: Kernel, points: Points, *, amplitude: float = 1.0, seed: _values.Seed
) -> Float:
    """A draw of a field with mean 0 at points.

    Parameters
    ----------
    kernel
        With numbers in it.
    points
        n points, few: the cost is n³.
    amplitude
        The standard deviation, where k(x, x) = 1.
    seed
        The same seed gives the same field.

    Returns
    -------
    ndarray
        Shape (n,), in the unit of the amplitude.

    Examples
    --------
    >>> from gridgp.extremes import spatial_field
    >>> from gridgp.kernels import Matern32
    >>> spatial_field(Matern32(lengthscale=2.0), [0.0, 0.1, 9.0], seed=7).shape
    (3,)
    """
    if not isinstance(kernel, Kernel):
        raise TypeError(f"the kernel is {kernel!r}; give one of gridgp.kernels with numbers in it")
    function, theta, [values] = kernel._evaluated(points)
    return _core.extremes_field(function, theta, values, amplitude, _values.seed(seed))


def gev_observations(
    location: ArrayLike,
    slope: ArrayLike,
    scale: ArrayLike,
    shape: ArrayLike,
    gmst: ArrayLike,
    *,
    seed: _values.Seed,
) -> Float:
    """Yearly maxima at stations, each from its own GEV.

    Parameters
    ----------
    location, slope, scale, shape
        One number a station, or one for all. The location of a station in a year is
        location + slope · gmst.
    gmst
        The temperature of each year, in K.
    seed
        Each station has a stream of its own: stations added behind do not change the others.

    Returns
    -------
    ndarray
        Shape (stations, years).
    """
    names = ("location", "slope", "scale", "shape")
    values = (location, slope, scale, shape)
    given = [_values.numbers(a, name) for a, name in zip(values, names, strict=True)]
    common = np.broadcast_shapes(*(a.shape for a in given), (1,))
    if len(common) > 1:
        raise ValueError(f"the stations have the shape {common}; they have one dimension")
    columns = [np.ascontiguousarray(np.broadcast_to(a, common)) for a in given]
    years = np.ascontiguousarray(_values.row(gmst, "gmst"))
    return _core.extremes_observations(
        columns[0], columns[1], columns[2], columns[3], years, _values.seed(seed)
    )
