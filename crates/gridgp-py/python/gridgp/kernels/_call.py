"""What the classes of built-in kernels share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Integral
from typing import Any, ClassVar, Literal

import numpy as np

from gridgp import _core, _values
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
        circle: float | None = None,
        degree: int | None = None,
        rank: int | None = None,
        basis: int | None = None,
        boundary: float | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        if distance not in (None, "great_circle"):
            raise ValueError(
                f"the only distance to choose is 'great_circle', for lon and lat, not {distance!r}"
            )
        if any(not isinstance(c, (str, Integral)) for c in coordinates):
            raise TypeError(
                f"{self.name} takes coordinates without a name, {coordinates!r}; write its "
                f"parameters by name: {', '.join(arguments)}"
            )
        self.coordinates = tuple(c if isinstance(c, str) else int(c) for c in coordinates)
        """The coordinates that it sees; all if empty."""
        self.arguments: dict[str, Quantity] = {n: listed(q) for n, q in arguments.items()}
        """Its quantities by name; lists where coordinates or labels have their own."""
        self.distance = distance
        self.circle = None if circle is None else _values.scalar(circle, "circle")
        self.degree = None if degree is None else _values.count(degree, "degree")
        self.rank = None if rank is None else _values.count(rank, "rank")
        self.basis = None if basis is None else _values.count(basis, "basis")
        self.boundary = None if boundary is None else _values.scalar(boundary, "boundary")
        self.labels = None if labels is None else [str(label) for label in labels]

    def __str__(self) -> str:
        parts = [str(c) for c in self.coordinates]
        if self.degree is not None:
            parts.append(f"degree = {self.degree}")
        if self.rank is not None:
            parts.append(f"rank = {self.rank}")
        if self.basis is not None:
            parts.append(f"basis = {self.basis}")
        if self.boundary is not None:
            parts.append(f"boundary = {self.boundary:g}")
        if self.distance is not None:
            parts.append(f"distance = {self.distance}")
        if self.circle is not None:
            parts.append(f"circle = {argument_text(self.circle)[1]}")
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

    def _coordinates(self) -> list[str] | None:
        names = [c for c in self.coordinates if isinstance(c, str)]
        return names if names and len(names) == len(self.coordinates) else None

    def _replaced(self, replace: Callable[[str, Quantity], Quantity]) -> Kernel:
        def new(slot: str, quantity: Quantity) -> Quantity:
            if isinstance(quantity, list):
                return [replace(slot, one) for one in quantity]
            return listed(replace(slot, quantity))

        replaced = object.__new__(type(self))
        replaced.__dict__.update(self.__dict__)
        replaced.arguments = {slot: new(slot, q) for slot, q in self.arguments.items()}
        return replaced

    def _bound(self, points: Read) -> tuple[_core.KernelFunction, list[float]]:
        if self.basis is not None:
            raise ValueError(
                f"{self} has a basis in a box around the data of a model, and no values without "
                "one; use it in a field, or leave out the basis"
            )
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
            self.circle,
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


def listed(quantity: Quantity) -> Quantity:
    """Arrays and tuples as lists, row by row."""
    if hasattr(quantity, "__array__") and not isinstance(quantity, np.generic):
        array = _values.numbers(quantity, "a quantity of a kernel")
        return float(array) if array.ndim == 0 else [float(q) for q in array.reshape(-1)]
    if isinstance(quantity, (list, tuple)):
        flat: list[Any] = []
        for one in quantity:
            inner = listed(one)
            flat.extend(inner if isinstance(inner, list) else [inner])
        return flat
    return quantity
