"""Kernels of PyMC, translated."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import Any

import numpy as np

from gridgp.kernels import _built_in as k
from gridgp.kernels._call import Coordinate
from gridgp.kernels._expression import Kernel, Quantity, is_number


def from_pymc(cov: Any, *, coordinates: Sequence[str] | None = None) -> Kernel:
    """The kernel that a covariance function of PyMC is.

    Parameters
    ----------
    cov
        A ``pm.gp.cov`` covariance. Numbers stay numbers; a random variable becomes the name of a
        parameter, which a model must then declare.
    coordinates
        The names of the columns of X; then the kernel sees them by name.

    Returns
    -------
    Kernel
        With the same values: ``from_pymc(cov).gram(X)`` is ``cov(X).eval()``.

    Raises
    ------
    ValueError
        A covariance that has no counterpart (``Gibbs``, ``WarpedInput``, ``ScaledCov``,
        ``Circular``), or a parameter that is an expression of random variables; the message says
        what to write.

    Notes
    -----
    ======================  ==========================================================
    PyMC                    here
    ======================  ==========================================================
    ExpQuad                 SquaredExponential, the same ℓ
    Matern12, 32, 52        the same names, the same ℓ
    Exponential             Matern12 with 2ℓ: PyMC's is exp(−r/2ℓ)
    RatQuad                 RationalQuadratic, the same ℓ and α
    Periodic                Periodic with 2ℓ: PyMC's is exp(−sin²(πr/T)/2ℓ²)
    Cosine                  Cosine, ℓ is the period
    Linear                  Linear, c is the center
    Polynomial              Polynomial; c, the center, must be 0
    Constant, WhiteNoise    multiples of Constant, White
    Coregion                Coregionalization, the same W and κ
    +, *, ``eta**2 * cov``  the same; ``eta`` is an amplitude
    ======================  ==========================================================

    PyMC computes distances as √(r² + 10⁻¹²) from ‖x‖² + ‖y‖² − 2x·y, so that its kernels differ
    from theirs formulas by up to about 10⁻⁶ near r = 0. Its ``WhiteNoise`` is zero between two
    arrays, where equal points are related here. A Matérn kernel of several coordinates with one
    ℓ each has lengthscales in a list.

    Examples
    --------
    ::

        cov = 3.0**2 * pm.gp.cov.Matern32(1, ls=2.0)
        from_pymc(cov).gram(x)
    """
    return _Translation(list(coordinates) if coordinates is not None else None).of(cov)


class _Translation:
    def __init__(self, coordinates: list[str] | None) -> None:
        self.coordinates = coordinates

    def of(self, cov: Any) -> Kernel:
        name = type(cov).__name__
        translate: Callable[[Any], Kernel] | None = getattr(self, f"_{name}", None)
        if translate is None:
            raise ValueError(
                f"PyMC's {name} has no counterpart; write the kernel with the classes of "
                "gridgp.kernels, or give its matrix to gridgp.operators"
            )
        return translate(cov)

    def _columns(self, cov: Any) -> list[Coordinate]:
        """What a kernel is told to see: nothing where it sees everything."""
        active = [int(d) for d in cov.active_dims]
        if active == list(range(int(cov.input_dim))):
            return []
        return self._named(active)

    def _named(self, columns: list[int]) -> list[Coordinate]:
        if self.coordinates is None:
            return list(columns)
        return [self.coordinates[column] for column in columns]

    def _ExpQuad(self, cov: Any) -> Kernel:  # noqa: N802
        return k.SquaredExponential(*self._columns(cov), lengthscale=quantity(cov.ls, "ls"))

    def _Matern12(self, cov: Any) -> Kernel:  # noqa: N802
        return k.Matern12(*self._columns(cov), lengthscale=quantity(cov.ls, "ls"))

    def _Matern32(self, cov: Any) -> Kernel:  # noqa: N802
        return k.Matern32(*self._columns(cov), lengthscale=quantity(cov.ls, "ls"))

    def _Matern52(self, cov: Any) -> Kernel:  # noqa: N802
        return k.Matern52(*self._columns(cov), lengthscale=quantity(cov.ls, "ls"))

    def _Exponential(self, cov: Any) -> Kernel:  # noqa: N802
        ls = twice(quantity(cov.ls, "ls"), "Exponential")
        return k.Matern12(*self._columns(cov), lengthscale=ls)

    def _RatQuad(self, cov: Any) -> Kernel:  # noqa: N802
        ls, alpha = quantity(cov.ls, "ls"), quantity(cov.alpha, "alpha")
        return k.RationalQuadratic(*self._columns(cov), lengthscale=ls, alpha=alpha)

    def _Periodic(self, cov: Any) -> Kernel:  # noqa: N802
        # Of several coordinates it is the product of theirs.
        columns = [int(d) for d in cov.active_dims]
        ls = twice(quantity(cov.ls, "ls"), "Periodic")
        period = quantity(cov.period, "period")
        each: list[Kernel] = [
            k.Periodic(
                *(self._named([column]) if int(cov.input_dim) > 1 else []),
                period=_nth(period, i),
                lengthscale=_nth(ls, i),
            )
            for i, column in enumerate(columns)
        ]
        return reduce(lambda a, b: a * b, each)

    def _WrappedPeriodic(self, cov: Any) -> Kernel:  # noqa: N802
        if type(cov.cov_func).__name__ != "ExpQuad":
            raise ValueError(
                "only WrappedPeriodic of ExpQuad has a counterpart, Periodic; not that of "
                f"{type(cov.cov_func).__name__}"
            )
        if len(cov.active_dims) > 1:
            raise ValueError("WrappedPeriodic of several coordinates: use Periodic of each")
        ls = twice(quantity(cov.cov_func.ls, "ls"), "WrappedPeriodic")
        return k.Periodic(
            *self._columns(cov), period=quantity(cov.period, "period"), lengthscale=ls
        )

    def _Cosine(self, cov: Any) -> Kernel:  # noqa: N802
        return k.Cosine(*self._columns(cov), period=quantity(cov.ls, "ls"))

    def _Linear(self, cov: Any) -> Kernel:  # noqa: N802
        return k.Linear(*self._columns(cov), center=quantity(cov.c, "c"))

    def _Polynomial(self, cov: Any) -> Kernel:  # noqa: N802
        center, degree = quantity(cov.c, "c"), quantity(cov.d, "d")
        if not is_number(center) or center != 0.0:
            raise ValueError(
                f"PyMC's Polynomial has the center c = {center}; here it has none: subtract it "
                "from the coordinate"
            )
        if not is_number(degree) or degree != int(degree):
            raise ValueError(f"the degree d of Polynomial is {degree}; it must be a whole number")
        return k.Polynomial(
            *self._columns(cov), degree=int(degree), offset=quantity(cov.offset, "offset")
        )

    def _Constant(self, cov: Any) -> Kernel:  # noqa: N802
        return multiple(cov.c, k.Constant())

    def _WhiteNoise(self, cov: Any) -> Kernel:  # noqa: N802
        return k.White().scaled(quantity(cov.sigma, "sigma"))

    def _Coregion(self, cov: Any) -> Kernel:  # noqa: N802
        if getattr(cov, "W", None) is None:
            raise ValueError("Coregion by its matrix B has no counterpart; give it W and kappa")
        weights, kappa = quantity(cov.W, "W"), quantity(cov.kappa, "kappa")
        columns = self._columns(cov)
        shape = np.shape(getattr(cov.W, "data", cov.W))
        rank = shape[1] if len(shape) == 2 else 1
        return k.Coregionalization(*columns, rank=rank, weights=weights, kappa=kappa)

    def _Add(self, cov: Any) -> Kernel:  # noqa: N802
        return reduce(lambda a, b: a + b, [self._term(f) for f in cov._factor_list])

    def _term(self, factor: Any) -> Kernel:
        if type(factor).__module__.startswith("pymc"):
            return self.of(factor)
        if np.ndim(getattr(factor, "data", factor)) > 0:
            raise ValueError("a matrix is added to the covariance; kernels are functions of points")
        return multiple(factor, k.Constant())

    def _Prod(self, cov: Any) -> Kernel:  # noqa: N802
        of_pymc = [type(f).__module__.startswith("pymc") for f in cov._factor_list]
        kernels = [
            self.of(f) for f, is_cov in zip(cov._factor_list, of_pymc, strict=True) if is_cov
        ]
        product = reduce(lambda a, b: a * b, kernels)
        others = [f for f, is_cov in zip(cov._factor_list, of_pymc, strict=True) if not is_cov]
        return reduce(lambda kernel, factor: multiple(factor, kernel), others, product)

    def _Exponentiated(self, cov: Any) -> Kernel:  # noqa: N802
        power = quantity(cov.power, "power")
        if not is_number(power) or power != int(power) or power < 1:
            raise ValueError(f"a kernel to the power {power} is one only for whole numbers")
        kernel = self.of(cov.kernel)
        return reduce(lambda a, b: a * b, [kernel] * int(power))

    def _Kron(self, cov: Any) -> Kernel:  # noqa: N802
        raise ValueError(
            "Kron is one kernel for each axis of a grid; translate them one by one: "
            "[from_pymc(c) for c in covs], for the axes of a field or gridgp.operators.Kronecker"
        )


def _nth(quantity: Quantity, i: int) -> Quantity:
    return quantity[i] if isinstance(quantity, list) else quantity


def twice(value: Quantity, what: str) -> Quantity:
    """2ℓ, of numbers."""
    if isinstance(value, list):
        return [twice(v, what) for v in value]
    if is_number(value):
        return 2.0 * value
    raise ValueError(
        f"the lengthscale of PyMC's {what} is half of the one here, and {value} is a random "
        "variable: declare a parameter for the one here, with the prior of twice the other"
    )


def multiple(factor: Any, kernel: Kernel) -> Kernel:
    """factor · kernel, where the factor is a number or the square of a random variable."""
    amplitude = _squared(factor)
    if amplitude is not None:
        return kernel.scaled(amplitude)
    value = quantity(factor, "factor")
    if is_number(value):
        return kernel if value == 1.0 else value * kernel
    raise ValueError(
        f"the kernel is multiplied by the random variable {value}; multiply by the square of an "
        f"amplitude, {value}**2"
    )


def _squared(factor: Any) -> str | None:
    """The name of a in a²."""
    operation = getattr(getattr(factor, "owner", None), "op", None)
    kind = type(getattr(operation, "scalar_op", None)).__name__
    if kind not in ("Pow", "Sqr"):
        return None
    base, *exponent = factor.owner.inputs
    if exponent and not (is_number(n := quantity(exponent[0], "exponent")) and n == 2.0):
        return None
    name = getattr(base, "name", None)
    return name if isinstance(name, str) else None


def quantity(value: Any, what: str) -> Quantity:
    """A number, a list of numbers, or the name of a random variable."""
    if hasattr(value, "get_value"):
        return _plain(value.get_value())
    owner = getattr(value, "owner", None)
    if isinstance(getattr(value, "name", None), str) and owner is not None:
        if getattr(value, "ndim", 0) > 0:
            raise ValueError(
                f"{what} is the vector {value.name} of random variables; make one for each "
                "coordinate, and give them as a list"
            )
        return str(value.name)
    if owner is not None:
        if type(owner.op).__name__ == "MakeVector":
            return [quantity(v, what) for v in owner.inputs]
        if all(type(leaf).__name__ == "TensorConstant" for leaf in _leaves(value)):
            return _plain(value.eval())
        inner = [v for v in owner.inputs if getattr(v, "ndim", 1) == 0 or len(owner.inputs) == 1]
        if type(owner.op).__name__ in ("DimShuffle", "Subtensor", "Squeeze") and len(inner) == 1:
            return quantity(inner[0], what)
        raise ValueError(
            f"{what} is an expression of random variables; give it a number, or a random variable "
            "itself"
        )
    return _plain(getattr(value, "data", value))


def _leaves(variable: Any) -> Iterator[Any]:
    if variable.owner is None:
        yield variable
    else:
        for one in variable.owner.inputs:
            yield from _leaves(one)


def _plain(value: Any) -> Quantity:
    array = np.asarray(value, dtype=np.float64)
    if array.size == 1:
        number = float(array.reshape(-1)[0])
        if math.isnan(number):
            raise ValueError("a parameter is NaN")
        return number
    return [float(v) for v in array.reshape(-1)]
