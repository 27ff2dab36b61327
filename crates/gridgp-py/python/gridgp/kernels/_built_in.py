"""The built-in kernels, one class each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gridgp import _core
from gridgp.kernels._call import BuiltIn, Coordinate, listed
from gridgp.kernels._expression import Quantity
from gridgp.kernels._points import Read


class _Isotropic(BuiltIn):
    """A function of the distance, with lengthscales."""

    def __init__(
        self,
        *coordinates: Coordinate,
        lengthscale: Quantity = None,
        distance: Literal["great_circle"] | None = None,
        circle: float | None = None,
        basis: int | None = None,
        boundary: float | None = None,
    ) -> None:
        super().__init__(
            coordinates,
            {"lengthscale": lengthscale},
            distance=distance,
            circle=circle,
            basis=basis,
            boundary=boundary,
        )


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
    circle
        The circumference of a circle that its one coordinate goes around, in the unit of that
        coordinate: 360 for longitudes, 24 for hours. k is then the sum of the kernel over all
        images of a point, made 1 at r = 0.
    basis, boundary
        A model of finite rank in its place, in fields of a model: so many sines for each
        coordinate, in a box ``boundary`` (1.5) times as wide as the data.

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
    circle
        The circumference of a circle that its one coordinate goes around, in the unit of that
        coordinate: 360 for longitudes, 24 for hours. k is then the sum of the kernel over all
        images of a point, made 1 at r = 0.
    basis, boundary
        A model of finite rank in its place, in fields of a model: so many sines for each
        coordinate, in a box ``boundary`` (1.5) times as wide as the data.

    Examples
    --------
    >>> from gridgp.kernels import Matern32
    >>> k = Matern32("lon", "lat", lengthscale=300.0, distance="great_circle")
    >>> madrid, barcelona = {"lon": [-3.70], "lat": [40.42]}, {"lon": [2.17], "lat": [41.39]}
    >>> k(madrid, barcelona).round(3)
    array([[0.212]])

    Around the clock, 23.9 is near 0.1:

    >>> Matern32(lengthscale=6.0, circle=24.0)([23.9], [0.1, 12.0]).round(3)
    array([[0.998, 0.276]])
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
    circle
        The circumference of a circle that its one coordinate goes around, in the unit of that
        coordinate: 360 for longitudes, 24 for hours. k is then the sum of the kernel over all
        images of a point, made 1 at r = 0. alpha must be above ½ there, or there is no sum.
    """

    name = "rational_quadratic"

    def __init__(
        self,
        *coordinates: Coordinate,
        lengthscale: Quantity = None,
        alpha: Quantity = None,
        distance: Literal["great_circle"] | None = None,
        circle: float | None = None,
    ) -> None:
        arguments = {"lengthscale": lengthscale, "alpha": alpha}
        super().__init__(coordinates, arguments, distance=distance, circle=circle)


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

    def _coordinates(self) -> list[str] | None:
        return []


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
        flat = listed(weights) if isinstance(weights, given) else None
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
