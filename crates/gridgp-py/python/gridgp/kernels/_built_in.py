"""The built-in kernels, one class each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from gridgp import _core
from gridgp.kernels._expression import Kernel, Quantity, argument_text, is_number, name_of
from gridgp.kernels._points import Read

Coordinate = str | int
"""A coordinate that a kernel sees: its name, or its position in an array of points."""


class BuiltIn(Kernel):
    """A kernel with a name: what the classes of this module share."""

    name: ClassVar[str]
    """Its name in model files."""
    _takes_labels: ClassVar[bool] = False

    def __init__(
        self,
        coordinates: tuple[Coordinate, ...],
        arguments: Mapping[str, Quantity],
        *,
        distance: Literal["great_circle"] | None = None,
        degree: int | None = None,
        rank: int | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        if distance not in (None, "great_circle"):
            raise ValueError(
                f"the only distance to choose is 'great_circle', for lon and lat, not {distance!r}"
            )
        if any(not isinstance(c, (str, int)) for c in coordinates):
            raise TypeError(
                f"{self.name} takes coordinates without a name, {coordinates!r}; write its "
                f"parameters by name: {', '.join(arguments)}"
            )
        self.coordinates = coordinates
        """The coordinates that it sees; all if empty."""
        self.arguments: dict[str, Quantity] = {n: _listed(q) for n, q in arguments.items()}
        """Its quantities by name; lists where coordinates or labels have their own."""
        self.distance = distance
        self.degree = degree
        self.rank = rank
        self.labels = None if labels is None else [str(label) for label in labels]

    def __str__(self) -> str:
        parts = [str(c) for c in self.coordinates]
        if self.degree is not None:
            parts.append(f"degree = {self.degree}")
        if self.rank is not None:
            parts.append(f"rank = {self.rank}")
        if self.distance is not None:
            parts.append(f"distance = {self.distance}")
        for name, quantity in self.arguments.items():
            if quantity is None or quantity == []:
                continue
            if isinstance(quantity, list):
                texts = [argument_text(q) for q in quantity]
                operators = {operator for operator, _ in texts}
                if len(operators) > 1:
                    raise ValueError(
                        f"the list {name} mixes priors with numbers or names; name the priors as "
                        "parameters"
                    )
                operator, text = operators.pop(), f"[{', '.join(text for _, text in texts)}]"
            else:
                operator, text = argument_text(quantity)
            parts.append(f"{name} {operator} {text}")
        return f"{self.name}({', '.join(parts)})"

    def quantities(self) -> Iterator[Quantity]:
        for quantity in self.arguments.values():
            if isinstance(quantity, list):
                yield from quantity
            else:
                yield quantity

    def _open(self) -> Iterator[str]:
        for slot, quantity in self.arguments.items():
            for one in quantity if isinstance(quantity, list) else [quantity]:
                if not is_number(one):
                    yield name_of(one) or slot

    def _labels(self) -> list[str] | None:
        return self.labels

    def _replaced(self, replace: Callable[[str, Quantity], Quantity]) -> Kernel:
        def new(slot: str, quantity: Quantity) -> Quantity:
            if isinstance(quantity, list):
                return [replace(slot, one) for one in quantity]
            return _listed(replace(slot, quantity))

        replaced = object.__new__(type(self))
        replaced.__dict__.update(self.__dict__)
        replaced.arguments = {slot: new(slot, q) for slot, q in self.arguments.items()}
        return replaced

    def _bound(self, points: Read) -> tuple[_core.KernelFunction, list[float]]:
        columns = [self._position(c, points) for c in self.coordinates] or None
        for column in range(len(points.names)) if columns is None else columns:
            if points.labels[column] and not self._takes_labels:
                raise ValueError(
                    f"{self.name} needs numbers, but the coordinate {points.names[column]!r} is "
                    "made of labels; name other coordinates, or use White(), Constant(), "
                    "Coregionalization(…)"
                )
        labels = points.labels
        if self.labels is not None:
            labels = [self.labels for _ in points.names]
        per_coordinate = isinstance(self.arguments.get("lengthscale"), list)
        function = _core.KernelFunction.built_in(
            self.name,
            points.names,
            columns,
            labels,
            per_coordinate,
            self.distance == "great_circle",
            self.degree,
            self.rank,
        )
        return function, self._numbers(function.parameters())

    def _position(self, coordinate: Coordinate, points: Read) -> int:
        if isinstance(coordinate, int):
            if 0 <= coordinate < len(points.names):
                return coordinate
            raise ValueError(
                f"{self.name} sees the coordinate at position {coordinate}, but the points have "
                f"{len(points.names)}, counted from 0"
            )
        if coordinate in points.names and points.is_named:
            return points.names.index(coordinate)
        have = ", ".join(points.names) if points.is_named else "an array without names"
        raise ValueError(
            f"{self.name} sees the coordinate {coordinate!r}, but the points are {have}; give "
            f"them by name, {{{coordinate!r}: …}}, or count the kernel's coordinates from 0"
        )

    def _numbers(self, names: list[str]) -> list[float]:
        """θ from the arguments: one number for all parameters of a name, or a list of them."""
        numbers: list[float] = []
        taken: dict[str, int] = {}
        for name in names:
            slot = name.split(".")[0]
            quantity = self.arguments[slot]
            if isinstance(quantity, list):
                same = [n for n in names if n.split(".")[0] == slot]
                if len(quantity) != len(same):
                    raise ValueError(
                        f"{slot} of {self.name} has {len(quantity)} values for {len(same)} "
                        f"parameters: {', '.join(same)}"
                    )
                numbers.append(float(quantity[taken.get(slot, 0)]))
                taken[slot] = taken.get(slot, 0) + 1
            else:
                numbers.append(float(quantity))
        return numbers


def _listed(quantity: Quantity) -> Quantity:
    """Arrays and tuples as lists, row by row."""
    if isinstance(quantity, np.ndarray):
        return float(quantity) if quantity.ndim == 0 else [float(q) for q in quantity.reshape(-1)]
    if isinstance(quantity, (list, tuple)):
        flat: list[Any] = []
        for one in quantity:
            inner = _listed(one)
            flat.extend(inner if isinstance(inner, list) else [inner])
        return flat
    return quantity


class _Isotropic(BuiltIn):
    """A function of the distance, with lengthscales."""

    def __init__(
        self,
        *coordinates: Coordinate,
        lengthscale: Quantity = None,
        distance: Literal["great_circle"] | None = None,
    ) -> None:
        super().__init__(coordinates, {"lengthscale": lengthscale}, distance=distance)


class SquaredExponential(_Isotropic):
    """k = exp(−r²/2ℓ²): infinitely smooth.

    Parameters
    ----------
    *coordinates
        The coordinates that it sees, by name or position; all by default.
    lengthscale
        ℓ, in the unit of the coordinates. A list gives each coordinate its own.
    distance
        ``"great_circle"``: r in km through the sphere, of longitude and latitude in degrees.

    Notes
    -----
    The ℓ of PyMC's ``ExpQuad`` and GPyTorch's ``RBFKernel`` is the same. Some books have
    exp(−r²/ℓ²), whose ℓ is √2 ℓ here.
    """

    name = "squared_exponential"


class Matern12(_Isotropic):
    """k = exp(−r/ℓ): continuous, nowhere differentiable. Parameters as :class:`Matern32`.

    Notes
    -----
    PyMC's ``Exponential`` is exp(−r/2ℓ), so its ℓ is 2ℓ here.
    """

    name = "matern12"


class Matern32(_Isotropic):
    """k = (1 + s) exp(−s), s = √3 r/ℓ: once differentiable.

    Parameters
    ----------
    *coordinates
        The coordinates that it sees, by name or position; all by default.
    lengthscale
        ℓ, in the unit of the coordinates. A list gives each coordinate its own.
    distance
        ``"great_circle"``: r in km through the sphere, of longitude and latitude in degrees.

    Examples
    --------
    >>> from gridgp.kernels import Matern32
    >>> k = Matern32("lon", "lat", lengthscale=300.0, distance="great_circle")
    >>> madrid, barcelona = {"lon": [-3.70], "lat": [40.42]}, {"lon": [2.17], "lat": [41.39]}
    >>> k(madrid, barcelona).round(3)
    array([[0.212]])
    """

    name = "matern32"


class Matern52(_Isotropic):
    """k = (1 + s + s²/3) exp(−s), s = √5 r/ℓ: twice differentiable. As :class:`Matern32`."""

    name = "matern52"


class RationalQuadratic(BuiltIn):
    """k = (1 + r²/2αℓ²)^−α: squared exponentials of many lengthscales at once.

    Parameters
    ----------
    *coordinates
        The coordinates that it sees, by name or position; all by default.
    lengthscale
        ℓ, in the unit of the coordinates. A list gives each coordinate its own.
    alpha
        α, a pure number: small for many lengthscales, large for one.
    distance
        ``"great_circle"``: r in km through the sphere, of longitude and latitude in degrees.
    """

    name = "rational_quadratic"

    def __init__(
        self,
        *coordinates: Coordinate,
        lengthscale: Quantity = None,
        alpha: Quantity = None,
        distance: Literal["great_circle"] | None = None,
    ) -> None:
        arguments = {"lengthscale": lengthscale, "alpha": alpha}
        super().__init__(coordinates, arguments, distance=distance)


class Periodic(BuiltIn):
    """k = exp(−2 sin²(πr/p)/ℓ²), of one coordinate: repeats itself exactly.

    Parameters
    ----------
    *coordinates
        The coordinate that it sees, where the points have several.
    period
        p, in the unit of the coordinate.
    lengthscale
        ℓ, a pure number: about 1 for one bump in a period.

    Notes
    -----
    PyMC's ``Periodic`` is exp(−sin²(πr/p)/2ℓ²), so its ℓ is 2ℓ here. GPyTorch's
    ``PeriodicKernel`` divides by λ instead of ℓ², so its λ is ℓ² here.
    """

    name = "periodic"

    def __init__(
        self, *coordinates: Coordinate, period: Quantity = None, lengthscale: Quantity = None
    ) -> None:
        super().__init__(coordinates, {"period": period, "lengthscale": lengthscale})

    def _bound(self, points: Read) -> tuple[_core.KernelFunction, list[float]]:
        if isinstance(self.arguments["lengthscale"], list):
            raise ValueError("periodic sees one coordinate and has one lengthscale, not a list")
        return super()._bound(points)


class Cosine(BuiltIn):
    """k = cos(2πr/p), of one coordinate: one wave of unknown amplitude and phase; rank 2.

    Parameters
    ----------
    *coordinates
        The coordinate that it sees, where the points have several.
    period
        p, in the unit of the coordinate.

    Notes
    -----
    PyMC's ``Cosine`` calls p ``ls``. GPyTorch's ``CosineKernel`` is cos(πr/p), so its p is half
    of the p here.
    """

    name = "cosine"

    def __init__(self, *coordinates: Coordinate, period: Quantity = None) -> None:
        super().__init__(coordinates, {"period": period})


class Linear(BuiltIn):
    """k = (x − c)·(y − c): straight lines and planes through 0 at c.

    Parameters
    ----------
    *coordinates
        The coordinates that it sees, by name or position; all by default.
    center
        c, in the unit of the coordinates. A list gives each coordinate its own.

    Notes
    -----
    The diagonal is not 1: ``a**2 * Linear(…)`` has slopes of standard deviation a.
    """

    name = "linear"

    def __init__(self, *coordinates: Coordinate, center: Quantity = None) -> None:
        super().__init__(coordinates, {"center": center})


class Polynomial(BuiltIn):
    """k = (x·y + c)^d: all polynomials up to degree d.

    Parameters
    ----------
    *coordinates
        The coordinates that it sees, by name or position; all by default.
    degree
        d, a whole number.
    offset
        c ≥ 0, in the unit of x·y; at 0 only the terms of degree d remain.

    Notes
    -----
    The diagonal is not 1. PyMC's ``Polynomial`` calls c ``offset``, and has a center besides.
    """

    name = "polynomial"

    def __init__(self, *coordinates: Coordinate, degree: int, offset: Quantity = None) -> None:
        super().__init__(coordinates, {"offset": offset}, degree=degree)


class Monomial(BuiltIn):
    """k = (x·y)^d: the terms of a polynomial of one degree; rank 1 for one coordinate.

    Parameters
    ----------
    *coordinates
        The coordinates that it sees, by name or position; all by default.
    degree
        d, a whole number.

    Examples
    --------
    A parabola whose coefficients have standard deviations 3, 2 and 1:

    >>> from gridgp.kernels import Constant, Monomial
    >>> k = 9.0 * Constant() + 4.0 * Monomial(degree=1) + Monomial(degree=2)
    >>> float(k(2.0, 2.0))
    41.0
    """

    name = "monomial"

    def __init__(self, *coordinates: Coordinate, degree: int) -> None:
        super().__init__(coordinates, {}, degree=degree)


class Constant(BuiltIn):
    """k = 1: one unknown number, the same everywhere."""

    name = "constant"
    _takes_labels = True

    def __init__(self) -> None:
        super().__init__((), {})


class White(BuiltIn):
    """k = 1 where x = y in all coordinates that it sees, else 0: independent values.

    Parameters
    ----------
    *coordinates
        The coordinates that it sees, by name or position; all by default.

    Notes
    -----
    Between two arrays of points (``k(x, y)``) equal points are related, where PyMC's
    ``WhiteNoise`` gives zeros.
    """

    name = "white"
    _takes_labels = True

    def __init__(self, *coordinates: Coordinate) -> None:
        super().__init__(coordinates, {})


class Coregionalization(BuiltIn):
    """k(a, b) = (W Wᵀ + diag κ)[a, b] of labels a and b: labels related as the data say.

    Parameters
    ----------
    *coordinates
        The coordinate of labels, where the points have several.
    rank
        r, the number of columns of W; by default that of ``weights``.
    weights
        W, of shape (L, r), any numbers. In a model a name, a prior, or a list row by row.
    kappa
        κ, a variance for each of the L labels, not negative.
    labels
        The L labels, in the order of the rows. Without them the points are the numbers of the
        rows, 0 to L − 1. In a model they are those of the axis.

    Notes
    -----
    W and κ are those of PyMC's and GPflow's ``Coregion``; GPyTorch's ``IndexKernel`` calls them
    ``covar_factor`` and ``var``. Rotations of W and signs of its columns change nothing.

    Examples
    --------
    >>> from gridgp.kernels import Coregionalization
    >>> k = Coregionalization(weights=[[1.0], [0.5]], kappa=[0.1, 0.2], labels=["co2", "ch4"])
    >>> k.gram(["ch4", "co2"])
    array([[0.45, 0.5 ],
           [0.5 , 1.1 ]])
    """

    name = "coregionalization"
    _takes_labels = True

    def __init__(
        self,
        *coordinates: Coordinate,
        rank: int | None = None,
        weights: Quantity | ArrayLike = None,
        kappa: Quantity | ArrayLike = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        given = (list, tuple, np.ndarray)
        flat = _listed(weights) if isinstance(weights, given) else None
        if rank is None:
            if flat is None:
                raise TypeError("Coregionalization needs the rank of its weights, rank=1")
            shape = np.shape(np.asarray(weights, dtype=object))
            rank = shape[1] if len(shape) == 2 else 1
        counts = {
            "weights": len(flat) // rank if flat is not None and rank else None,
            "kappa": len(kappa) if isinstance(kappa, given) else None,
            "labels": None if labels is None else len(labels),
        }
        known = {what: count for what, count in counts.items() if count is not None}
        if len(set(known.values())) > 1:
            raise ValueError(f"the numbers of labels differ: {known}")
        if labels is None and known:
            labels = [str(i) for i in range(next(iter(known.values())))]
        arguments = {"weights": weights, "kappa": kappa}
        super().__init__(coordinates, arguments, rank=rank, labels=labels)

    def _bound(self, points: Read) -> tuple[_core.KernelFunction, list[float]]:
        if self.labels is None:
            raise ValueError("give the labels of the rows of weights: labels=[…]")
        return super()._bound(points)
