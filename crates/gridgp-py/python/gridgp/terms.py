"""What equations are made of: parameters, fields, covariates, sums and products of them, links.

>>> from gridgp import Covariate, Field, Intercept, Parameter
>>> from gridgp.priors import Normal
>>> base, warming = Field("base", station="matern32()"), Field("warming", station="matern32()")
>>> gmst = Covariate("gmst", along="year", center=True)
>>> beta0 = Parameter("beta0", Normal(1, 0.5))
>>> print(Intercept(Normal(35, 5), name="mu0") + base + (beta0 + warming) * gmst)
mu0 + base + (beta0 + warming) * gmst
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from gridgp.priors import Prior, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Axis",
    "Covariate",
    "Expression",
    "Field",
    "Intercept",
    "Parameter",
    "exp",
    "logistic",
    "normal_cdf",
    "softplus",
    "sqrt",
    "tanh",
]

_SUM, _PRODUCT, _ATOM = 0, 1, 2


def _check_name(name: object, what: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"the name of {what} is text, not {type(name).__name__}")
    if not re.fullmatch(r"[^\W\d]\w*", name):
        raise ValueError(
            f"{name!r} is no name for {what}: letters, digits and _ only, no digit first"
        )
    return name


class Expression:
    """A sum or product of parameters, fields, covariates and numbers.

    Strings in a sum or product are names of covariates: ``warming * "gmst"``.
    """

    _rank = _ATOM
    # NumPy scalars on the left leave arithmetic to this class.
    __array_ufunc__ = None

    def _text(self) -> str:
        raise NotImplementedError

    def _parts(self) -> Iterator[Expression]:
        """All expressions inside, this one included."""
        yield self

    def _inside(self, rank: int) -> str:
        return f"({self._text()})" if self._rank < rank else self._text()

    def __str__(self) -> str:
        return self._text()

    def __repr__(self) -> str:
        return f"<{self._text()}>"

    def __add__(self, other: Operand) -> Expression:
        return _Sum(self, "+", _expression(other))

    def __radd__(self, other: Operand) -> Expression:
        return _Sum(_expression(other), "+", self)

    def __sub__(self, other: Operand) -> Expression:
        return _Sum(self, "-", _expression(other))

    def __rsub__(self, other: Operand) -> Expression:
        return _Sum(_expression(other), "-", self)

    def __mul__(self, other: Operand) -> Expression:
        return _Product(self, _expression(other))

    def __rmul__(self, other: Operand) -> Expression:
        return _Product(_expression(other), self)

    def __pow__(self, exponent: int) -> Expression:
        return _Power(self, exponent)

    def __neg__(self) -> Expression:
        return _Product(_Number("-1"), self)


Operand: TypeAlias = Expression | float | str


class _Number(Expression):
    def __init__(self, text: str) -> None:
        self._value = text
        self._rank = _SUM if text.startswith("-") else _ATOM

    def _text(self) -> str:
        return self._value


class _Sum(Expression):
    _rank = _SUM

    def __init__(self, left: Expression, sign: str, right: Expression) -> None:
        self._left, self._sign, self._right = left, sign, right

    def _text(self) -> str:
        # What is subtracted, and a negative number, needs its brackets.
        right = self._right._inside(_PRODUCT if self._sign == "-" else _SUM)
        if right.startswith("-"):
            right = f"({right})"
        return f"{self._left._text()} {self._sign} {right}"

    def _parts(self) -> Iterator[Expression]:
        yield self
        yield from self._left._parts()
        yield from self._right._parts()


class _Product(Expression):
    _rank = _PRODUCT

    def __init__(self, left: Expression, right: Expression) -> None:
        self._left, self._right = left, right

    def _text(self) -> str:
        return f"{self._left._inside(_PRODUCT)} * {self._right._inside(_PRODUCT)}"

    def _parts(self) -> Iterator[Expression]:
        yield self
        yield from self._left._parts()
        yield from self._right._parts()


class _Power(Expression):
    _rank = _PRODUCT

    def __init__(self, base: Expression, exponent: object) -> None:
        if not isinstance(exponent, int) or isinstance(exponent, bool) or not 0 <= exponent <= 16:
            raise ValueError(f"the exponent {exponent!r} is none of 0, 1, 2 … 16")
        self._base, self._exponent = base, exponent

    def _text(self) -> str:
        return f"{self._base._inside(_ATOM)}^{self._exponent}"

    def _parts(self) -> Iterator[Expression]:
        yield self
        yield from self._base._parts()


class _Link(Expression):
    def __init__(self, name: str, inside: Expression) -> None:
        self._name, self._expression = name, inside

    def _text(self) -> str:
        return f"{self._name}({self._expression._text()})"

    def _parts(self) -> Iterator[Expression]:
        yield self
        yield from self._expression._parts()


def _expression(value: Operand) -> Expression:
    if isinstance(value, Expression):
        return value
    if isinstance(value, str):
        return Covariate(value)
    if isinstance(value, Prior):
        raise TypeError(
            f"the prior {value} has no name to stand in a sum; write "
            f'Parameter("name", {type(value).__name__}(…))'
        )
    if hasattr(value, "shape") and getattr(value, "shape", ()) != ():
        raise TypeError(
            "an array cannot stand in an equation; pass it as a covariate: "
            'gridgp.Covariate("name") in the equation, covariates={"name": array} in fit'
        )
    return _Number(number(value, "a term of an equation"))


class _Named(Expression):
    name: str

    def _text(self) -> str:
        return self.name


class Parameter(_Named):
    """An unknown number with a name, or a known one. Used twice, it ties what uses it.

    Parameters
    ----------
    name
        Its name in summaries and files.
    prior
        A prior, a number that fixes it, or None for the default prior of its first use.

    Examples
    --------
    >>> from gridgp import Parameter
    >>> from gridgp.priors import HalfNormal
    >>> noise = Parameter("noise", HalfNormal(1))
    """

    def __init__(self, name: str, prior: Prior | float | str | None = None) -> None:
        self.name = _check_name(name, "a parameter")
        if prior is not None and not isinstance(prior, Prior | str):
            number(prior, f"the prior of {name!r}")
        self.prior = prior

    def __repr__(self) -> str:
        return f"<{self.name} ~ {'default' if self.prior is None else self.prior}>"

    def __gridgp_kernel__(self) -> str:
        """How a kernel writes a quantity that is this parameter."""
        return f"= {self.name}"


def Intercept(prior: Prior | float | str | None = None, *, name: str = "intercept") -> Parameter:
    """A parameter that is a term of its own: the same in every cell.

    Parameters
    ----------
    prior
        Its prior; by default normal around the mean of the response.
    name
        Its name in summaries and files.
    """
    return Parameter(name, prior)


class Covariate(_Named):
    """A known variable on some axes of the grid.

    Parameters
    ----------
    name
        What equations call it.
    variable
        The variable of the data; its own name by default.
    along
        The axis or axes along which it varies; by default those of its data.
    center
        Whether to subtract its mean.
    standardize
        Whether to subtract its mean and divide by its standard deviation (of n, not n − 1).
    """

    def __init__(
        self,
        name: str,
        variable: str | None = None,
        *,
        along: str | Iterable[str] | None = None,
        center: bool = False,
        standardize: bool = False,
    ) -> None:
        self.name = _check_name(name, "a covariate")
        self.variable = variable
        self.along = [along] if isinstance(along, str) else list(along or [])
        self.center = center
        self.standardize = standardize

    def _spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {}
        if self.variable is not None:
            spec["variable"] = self.variable
        if self.along:
            spec["along"] = self.along
        if self.center:
            spec["center"] = True
        if self.standardize:
            spec["standardize"] = True
        return spec


class Axis:
    """An axis of the grid and the coordinates of its points.

    Parameters
    ----------
    name
        Its name.
    *coordinates
        Names of its coordinates; its own name by default. Several make points: a station has
        longitude and latitude.
    units
        The unit to convert times to: ``"seconds"``, ``"minutes"``, ``"hours"``, ``"days"`` or
        ``"weeks"``.
    format
        How dates are written that are text or whole numbers, ``"%d/%m/%Y"``.
    labels
        Whether its coordinates are names, though they look like numbers; or the names of those that
        are.

    Examples
    --------
    >>> from gridgp import Axis
    >>> station, year = Axis("station", "lon", "lat"), Axis("year")
    """

    def __init__(
        self,
        name: str,
        *coordinates: str,
        units: str | None = None,
        format: str | None = None,
        labels: bool | Sequence[str] | None = None,
    ) -> None:
        if not isinstance(name, str):
            raise TypeError(f"the name of an axis is text, not {type(name).__name__}")
        self.name = name
        self.coordinates = list(coordinates) or [name]
        self.units = units
        self.format = format
        self.labels = labels if labels is None or isinstance(labels, bool) else list(labels)

    def __repr__(self) -> str:
        return f"<axis {self.name}: {', '.join(self.coordinates)}>"

    def _spec(self) -> dict[str, Any]:
        asked = {"units": self.units, "format": self.format, "labels": self.labels}
        return {"coordinates": self.coordinates} | {
            key: value for key, value in asked.items() if value is not None
        }


class Field(_Named):
    """A random field: amplitude · ⊗ K over its axes, constant along the others.

    Parameters
    ----------
    name
        Its name in summaries and files.
    kernels
        The kernel of each axis, by the axis' name, for names that cannot be keywords; of two axes
        together by both, ``{"lat, lon": "matern1()"}``.
    amplitude
        Its standard deviation, in the unit of the parameter that it enters: a number, a prior, a
        Parameter or the name of one; by default a half-normal prior.
    center
        The axis or axes along which its mean is removed, so that an intercept can have it.
    **axes
        The kernel of each axis: an object of :mod:`gridgp.kernels`, or text as in model files.

    Notes
    -----
    Calling a field with its axes reads like the mathematics, ``base(station)``, and checks them.

    Examples
    --------
    >>> from gridgp import Field
    >>> from gridgp.priors import LogNormal
    >>> base = Field("base", station="matern32()", amplitude=LogNormal("log(2)/2", 0.25),
    ...              center="station")
    >>> print(base("station"))
    base
    """

    def __init__(
        self,
        name: str,
        kernels: Mapping[str, object] | None = None,
        *,
        amplitude: Parameter | Prior | float | str | None = None,
        center: str | Axis | Iterable[str | Axis] = (),
        **axes: object,
    ) -> None:
        self.name = _check_name(name, "a field")
        if kernels is not None and not isinstance(kernels, Mapping):
            raise TypeError(
                f"Field({name!r}, …): give the kernel of each axis by the axis' name, "
                f"Field({name!r}, station={kernels})"
            )
        self.kernels: dict[str, object] = {**(kernels or {}), **axes}
        if not self.kernels:
            raise TypeError(
                f"Field({name!r}) lives on no axis; give it a kernel for one: "
                f'Field({name!r}, year="matern32()")'
            )
        for axis, kernel in self.kernels.items():
            if isinstance(kernel, Prior | Expression | int | float) or kernel is None:
                raise TypeError(
                    f"Field({name!r}): {axis} has {kernel!r} where its kernel should be; give a "
                    'kernel such as gridgp.kernels.Matern32() or "matern32()"'
                )
        self.amplitude = amplitude
        given = [center] if isinstance(center, str | Axis) else list(center)
        self.center = [c.name if isinstance(c, Axis) else c for c in given]

    def __call__(self, *axes: str | Axis) -> Field:
        """The field itself, after a check that these are its axes."""
        names = [a.name if isinstance(a, Axis) else a for a in axes]
        if set(names) != {axis.strip() for key in self.kernels for axis in key.split(",")}:
            own = ", ".join(self.kernels)
            raise ValueError(
                f"the field {self.name!r} lives on {own}, not on {', '.join(map(str, names))}; "
                f"write {self.name}({own}), or give it other kernels"
            )
        return self

    def __repr__(self) -> str:
        inside = ", ".join(f"{axis}: {kernel}" for axis, kernel in self.kernels.items())
        return f"<{self.name} ~ GP({inside})>"

    def _spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {}
        if self.amplitude is not None:
            spec["amplitude"] = _entry(self.amplitude, f"the amplitude of {self.name!r}")
        if self.center:
            spec["center"] = self.center
        return spec | {axis: str(kernel) for axis, kernel in self.kernels.items()}

    def _quantities(self) -> Iterator[object]:
        """What stands in its amplitude and kernels."""
        yield self.amplitude
        for kernel in self.kernels.values():
            quantities = getattr(kernel, "quantities", None)
            if callable(quantities):
                yield from quantities()


def _entry(value: object, what: str) -> float | str:
    """A number or an expression, as model files have it."""
    if isinstance(value, Expression | Prior | str):
        return str(value)
    text = number(value, what)
    return float(text)


def _link(name: str, inside: Operand) -> Expression:
    if isinstance(inside, Prior):
        raise TypeError(
            f'{name} takes a sum of parameters and fields; name the prior: Parameter("…", …)'
        )
    return _Link(name, _expression(inside))


def exp(expression: Operand) -> Expression:
    """The link exp: values above 0."""
    return _link("exp", expression)


def softplus(expression: Operand) -> Expression:
    """The link log(1 + exp(…)): values above 0."""
    return _link("softplus", expression)


def logistic(expression: Operand) -> Expression:
    """The link 1 / (1 + exp(−…)): values between 0 and 1."""
    return _link("logistic", expression)


def normal_cdf(expression: Operand) -> Expression:
    """The link Φ(…), the normal distribution function: values between 0 and 1."""
    return _link("normal_cdf", expression)


def sqrt(expression: Operand) -> Expression:
    """The link √(…) of a sum of squares of parameters and covariates: values above 0.

    It is for a noise of several parts, such as known standard deviations beside an unknown one.

    Examples
    --------
    >>> from gridgp import Covariate, Parameter, sqrt
    >>> print(sqrt(Parameter("sigma") ** 2 + Covariate("sd") ** 2))
    sqrt(sigma^2 + sd^2)
    """
    return _link("sqrt", expression)


def tanh(expression: Operand) -> Expression:
    """The link tanh: values between −1 and 1."""
    return _link("tanh", expression)
