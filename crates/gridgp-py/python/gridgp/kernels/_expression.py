"""Kernels as expressions: sums, products, multiples, and what can be asked of all of them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridgp import _core, _values
from gridgp.kernels._points import Points, Read, is_named, read

Quantity: TypeAlias = Any
"""A number, the name of a parameter, a prior, a parameter; None for the default prior."""

Float: TypeAlias = NDArray[np.float64]


def is_number(quantity: Quantity) -> bool:
    """Whether a quantity is known."""
    return _values.is_real(quantity)


def number_text(value: float) -> str:
    """A number in the language of model files, to its last digit."""
    return repr(float(value)).removesuffix(".0")


def argument_text(quantity: Quantity) -> tuple[str, str]:
    """The operator (``=`` or ``~``) and the text of a quantity in the language of model files."""
    if is_number(quantity):
        return "=", number_text(quantity)
    if isinstance(quantity, str):
        return "=", quantity
    written = getattr(quantity, "__gridgp_kernel__", None)
    text = str(written()) if written is not None else f"~ {quantity}"
    operator, _, rest = text.partition(" ")
    return operator, rest


def name_of(quantity: Quantity) -> str | None:
    """The name by which a quantity that is not known can be given a value."""
    if isinstance(quantity, str):
        return quantity
    name = getattr(quantity, "name", None)
    return name if isinstance(name, str) else None


class Kernel(ABC):
    """A covariance function k(x, y): symmetric and positive semidefinite.

    ``k1 + k2`` adds independent functions, ``k1 * k2`` relates points only where both do,
    ``v * k`` multiplies by a variance v, and :meth:`scaled` by the square of an amplitude.

    A kernel whose quantities are all numbers can be evaluated. Points are an array of shape
    ``(n,)`` or ``(n, p)``, or their coordinates by name: a dict, a ``DataFrame``, a ``Dataset``.
    """

    # Without it NumPy's numbers would take k for an array: np.float64(2) * k.
    __array_ufunc__ = None

    @abstractmethod
    def __str__(self) -> str: ...

    @abstractmethod
    def quantities(self) -> Iterator[Quantity]:
        """All quantities of the expression, from left to right; None for a default prior."""

    @abstractmethod
    def _replaced(self, replace: Callable[[str, Quantity], Quantity]) -> Kernel:
        """The kernel with ``replace(slot, quantity)`` in place of each quantity."""

    @abstractmethod
    def _bound(self, points: Read) -> tuple[_core.KernelFunction, list[float]]:
        """The function for these coordinates, and its numbers."""

    @abstractmethod
    def _open(self) -> Iterator[str]:
        """Names of the quantities that are not numbers."""

    def _labels(self) -> list[str] | None:
        """The labels that the kernel has parameters for."""
        return None

    def _coordinates(self) -> list[str] | None:
        """The coordinates that it names; None if it sees all that there are."""
        return None

    def __repr__(self) -> str:
        return f"<Kernel {self}>"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Kernel)
            and str(self) == str(other)
            and self._labels() == other._labels()
        )

    def __hash__(self) -> int:
        return hash(str(self))

    def __add__(self, other: Kernel) -> Kernel:
        if not isinstance(other, Kernel):
            return NotImplemented
        return Sum(self, other)

    def __mul__(self, other: Kernel | float) -> Kernel:
        if isinstance(other, Kernel):
            return Product(self, other)
        if is_number(other):
            return Scaled(self, variance=float(other))
        if isinstance(other, str):
            raise TypeError(
                f"a kernel is multiplied by a variance; write kernel.scaled({other!r}) for "
                f"{other}^2 * kernel"
            )
        return NotImplemented

    def __rmul__(self, other: float) -> Kernel:
        return self.__mul__(other)

    def scaled(self, amplitude: Quantity) -> Kernel:
        """The kernel times the square of an amplitude.

        Parameters
        ----------
        amplitude
            A standard deviation: a number that is not negative, or the name of a parameter, or a
            parameter.

        Examples
        --------
        >>> from gridgp.kernels import Matern32
        >>> print(Matern32(lengthscale=2.0).scaled("eta"))
        eta^2 * matern32(lengthscale = 2)
        """
        if is_number(amplitude):
            if not (amplitude >= 0 and math.isfinite(amplitude)):
                raise ValueError(f"an amplitude is a standard deviation, not {amplitude}")
            return Scaled(self, variance=float(amplitude) ** 2)
        return Scaled(self, amplitude=amplitude)

    def at(self, **values: float | Sequence[float]) -> Kernel:
        """The kernel with numbers in place of names, priors and defaults.

        Parameters
        ----------
        **values
            The numbers, by the name of the parameter, or by that of the argument where it has a
            prior or nothing: ``Matern32().at(lengthscale=2.0)``.

        Raises
        ------
        TypeError
            A name that nothing is called by.
        """
        used: set[str] = set()

        def replace(slot: str, quantity: Quantity) -> Quantity:
            name = name_of(quantity)
            for key in (name, slot if name is None else None):
                if key is not None and key in values and not is_number(quantity):
                    used.add(key)
                    return values[key]
            return quantity

        replaced = self._replaced(replace)
        if wrong := set(values) - used:
            open_names = ", ".join(dict.fromkeys(self._open())) or "none"
            raise TypeError(f"nothing is called {', '.join(sorted(wrong))}; open are: {open_names}")
        return replaced

    def _evaluated(self, *points: Points) -> tuple[_core.KernelFunction, list[float], list[Float]]:
        if names := list(dict.fromkeys(self._open())):
            example = ", ".join(f"{name}=…" for name in names)
            raise ValueError(
                f"{self} has no numbers for {', '.join(names)}; give them with kernel.at({example})"
            )
        found = read(points, self._labels(), self._coordinates() or None)
        function, theta = self._bound(found)
        return function, theta, found.values

    def __call__(self, x: Points, y: Points | None = None) -> Float:
        """K with K[i, j] = k(x[i], y[j]); :meth:`gram` where y is left out.

        A single number is a point without a dimension in the result: ``k(0.0, 1.0)`` is k(0, 1).
        """
        if y is None:
            return self.gram(x)
        values = self.cross(x, y)
        if _is_scalar(x) and _is_scalar(y):
            return values.reshape(())
        if _is_scalar(x) or _is_scalar(y):
            return values.reshape(-1)
        return values

    def gram(self, x: Points) -> Float:
        """K with K[i, j] = k(x[i], x[j]): exactly symmetric.

        Parameters
        ----------
        x
            n points, in the unit of the lengthscales.

        Returns
        -------
        ndarray
            Shape (n, n), in the square of the amplitude's unit.
        """
        function, theta, [values] = self._evaluated(x)
        return function.gram(values, theta)

    def cross(self, x: Points, y: Points) -> Float:
        """K with K[i, j] = k(x[i], y[j]).

        Parameters
        ----------
        x, y
            n and m points with the same coordinates.

        Returns
        -------
        ndarray
            Shape (n, m).
        """
        function, theta, [x_values, y_values] = self._evaluated(x, y)
        return function.cross(x_values, y_values, theta)

    def diagonal(self, x: Points) -> Float:
        """The variances k(x[i], x[i]), shape (n,), without the rest of the matrix."""
        function, theta, [values] = self._evaluated(x)
        return function.diagonal(values, theta)

    def features(self, x: Points) -> Float | None:
        """F, of shape (n, r), with K = F Fᵀ exactly; None for kernels without a finite rank."""
        function, theta, [values] = self._evaluated(x)
        return function.features(values, theta)

    def gram_vjp(self, x: Points, gram_bar: ArrayLike) -> dict[str, Float]:
        """The pullback of :meth:`gram`: the derivatives of Σᵢⱼ K̄[i, j] K[i, j].

        Parameters
        ----------
        x
            n points.
        gram_bar
            K̄, shape (n, n): the derivative of some number with respect to K.

        Returns
        -------
        dict
            For the name of each quantity its derivatives, one for each time that it occurs, from
            left to right. That of a variance ``v * k`` is with respect to its root ``amplitude``.
        """
        function, theta, [values] = self._evaluated(x)
        bar = _values.numbers(gram_bar, "gram_bar")
        gradient = function.gram_vjp(values, theta, bar)
        found: dict[str, list[float]] = {}
        for name, slope in zip(function.parameters(), gradient, strict=True):
            found.setdefault(name, []).append(float(slope))
        return {name: np.array(slopes) for name, slopes in found.items()}

    @property
    def parameter_names(self) -> list[str]:
        """Names of what is not a number, each once."""
        return list(dict.fromkeys(self._open()))


def _is_scalar(points: Points) -> bool:
    return not is_named(points) and np.ndim(points) == 0  # type: ignore[arg-type]


def _in_parentheses(kernel: Kernel) -> str:
    return f"({kernel})" if isinstance(kernel, (Sum, Product, Scaled)) else str(kernel)


class _Pair(Kernel):
    """Two kernels."""

    def __init__(self, left: Kernel, right: Kernel) -> None:
        self.left = left
        self.right = right

    def quantities(self) -> Iterator[Quantity]:
        yield from self.left.quantities()
        yield from self.right.quantities()

    def _replaced(self, replace: Callable[[str, Quantity], Quantity]) -> Kernel:
        return type(self)(self.left._replaced(replace), self.right._replaced(replace))

    def _open(self) -> Iterator[str]:
        yield from self.left._open()
        yield from self.right._open()

    def _labels(self) -> list[str] | None:
        left, right = self.left._labels(), self.right._labels()
        if left is not None and right is not None and left != right:
            raise ValueError(f"two coregionalizations have different labels: {left} and {right}")
        return right if left is None else left

    def _coordinates(self) -> list[str] | None:
        left, right = self.left._coordinates(), self.right._coordinates()
        if left is None or right is None:
            return None
        return list(dict.fromkeys(left + right))


class Sum(_Pair):
    """k₁ + k₂: independent functions added. Written ``k1 + k2``."""

    def __str__(self) -> str:
        return f"{self.left} + {self.right}"

    def _bound(self, points: Read) -> tuple[_core.KernelFunction, list[float]]:
        (left, a), (right, b) = self.left._bound(points), self.right._bound(points)
        return left.plus(right), a + b


class Product(_Pair):
    """k₁ k₂: related only where both say so. Written ``k1 * k2``."""

    def __str__(self) -> str:
        left = f"({self.left})" if isinstance(self.left, Sum) else str(self.left)
        return f"{left} * {_in_parentheses(self.right)}"

    def _bound(self, points: Read) -> tuple[_core.KernelFunction, list[float]]:
        (left, a), (right, b) = self.left._bound(points), self.right._bound(points)
        return left.times(right), a + b


class Scaled(Kernel):
    """v k, with a variance v, or a² k, with an amplitude a. Written ``v * k``, ``k.scaled(a)``."""

    def __init__(
        self, kernel: Kernel, *, variance: float | None = None, amplitude: Quantity = None
    ) -> None:
        if variance is not None and not (variance >= 0 and math.isfinite(variance)):
            raise ValueError(f"a kernel is multiplied by a variance, and that cannot be {variance}")
        if variance is None and (amplitude is None or name_of(amplitude) is None):
            raise TypeError(
                "the amplitude of a multiple is a number or a parameter with a name; declare "
                f"one, instead of {amplitude!r}"
            )
        self.kernel = kernel
        self.variance = variance
        self.amplitude = amplitude

    def __str__(self) -> str:
        if self.variance is not None:
            return f"{number_text(self.variance)} * {_in_parentheses(self.kernel)}"
        return f"{name_of(self.amplitude)}^2 * {_in_parentheses(self.kernel)}"

    def quantities(self) -> Iterator[Quantity]:
        yield math.sqrt(self.variance) if self.variance is not None else self.amplitude
        yield from self.kernel.quantities()

    def _replaced(self, replace: Callable[[str, Quantity], Quantity]) -> Kernel:
        kernel = self.kernel._replaced(replace)
        if self.variance is not None:
            return Scaled(kernel, variance=self.variance)
        return kernel.scaled(replace("amplitude", self.amplitude))

    def _open(self) -> Iterator[str]:
        if self.variance is None:
            yield str(name_of(self.amplitude))
        yield from self.kernel._open()

    def _labels(self) -> list[str] | None:
        return self.kernel._labels()

    def _coordinates(self) -> list[str] | None:
        return self.kernel._coordinates()

    def _bound(self, points: Read) -> tuple[_core.KernelFunction, list[float]]:
        function, theta = self.kernel._bound(points)
        assert self.variance is not None
        return function.scaled(), [math.sqrt(self.variance), *theta]
