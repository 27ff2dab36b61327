"""Kernels of GPyTorch, translated."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridgp.kernels import _built_in as k
from gridgp.kernels._call import Coordinate
from gridgp.kernels._expression import Kernel, Quantity


def from_gpytorch(kernel: Any, *, coordinates: Sequence[str] | None = None) -> Kernel:
    """The kernel that a kernel of GPyTorch is, at its present parameters.

    Parameters
    ----------
    kernel
        A ``gpytorch.kernels`` kernel without batch dimensions.
    coordinates
        The names of the columns of x; then the kernel sees them by name.

    Returns
    -------
    Kernel
        With the same values: ``from_gpytorch(kernel).gram(x)`` is ``kernel(x).to_dense()``, in
        double precision.

    Raises
    ------
    ValueError
        A kernel without a counterpart, or with batch dimensions.

    Notes
    -----
    ================================  ====================================================
    GPyTorch                          here
    ================================  ====================================================
    RBFKernel                         SquaredExponential, the same ℓ
    MaternKernel, nu = 0.5, 1.5, 2.5  Matern12, Matern32, Matern52, the same ℓ
    RQKernel                          RationalQuadratic, the same ℓ and α
    PeriodicKernel                    Periodic with ℓ = √λ: GPyTorch divides by λ, not by λ²
    CosineKernel                      Cosine with period 2p: GPyTorch's is cos(πr/p)
    LinearKernel                      variance · Linear(center=0)
    PolynomialKernel                  Polynomial, the same offset; degree is ``power``
    ConstantKernel                    constant · Constant
    IndexKernel                       Coregionalization: ``covar_factor`` is W, ``var`` is κ
    ScaleKernel                       ``outputscale`` · k: a variance, the square of an amplitude
    AdditiveKernel, ProductKernel     ``+``, ``*``
    ================================  ====================================================

    ``ard_num_dims`` becomes a list of lengthscales. GPyTorch computes in single precision unless
    told otherwise, and then differs by about 10⁻⁶.
    """
    return _Translation(list(coordinates) if coordinates is not None else None).of(kernel)


class _Translation:
    def __init__(self, coordinates: list[str] | None) -> None:
        self.coordinates = coordinates

    def of(self, kernel: Any) -> Kernel:
        name = type(kernel).__name__
        translate: Callable[[Any], Kernel] | None = getattr(self, f"_{name}", None)
        if translate is None:
            raise ValueError(
                f"GPyTorch's {name} has no counterpart; write the kernel with the classes of "
                "gridgp.kernels"
            )
        if len(getattr(kernel, "batch_shape", ())) > 0:
            raise ValueError(
                f"{name} has the batch shape {tuple(kernel.batch_shape)}; translate the kernels "
                "of a batch one by one"
            )
        return translate(kernel)

    def _columns(self, kernel: Any) -> list[Coordinate]:
        active = getattr(kernel, "active_dims", None)
        if active is None:
            return []
        columns = [int(d) for d in _array(active)]
        if self.coordinates is None:
            return list(columns)
        return [self.coordinates[column] for column in columns]

    def _RBFKernel(self, kernel: Any) -> Kernel:  # noqa: N802
        return k.SquaredExponential(
            *self._columns(kernel), lengthscale=_numbers(kernel.lengthscale)
        )

    def _MaternKernel(self, kernel: Any) -> Kernel:  # noqa: N802
        classes = {0.5: k.Matern12, 1.5: k.Matern32, 2.5: k.Matern52}
        return classes[float(kernel.nu)](
            *self._columns(kernel), lengthscale=_numbers(kernel.lengthscale)
        )

    def _RQKernel(self, kernel: Any) -> Kernel:  # noqa: N802
        return k.RationalQuadratic(
            *self._columns(kernel),
            lengthscale=_numbers(kernel.lengthscale),
            alpha=_numbers(kernel.alpha),
        )

    def _PeriodicKernel(self, kernel: Any) -> Kernel:  # noqa: N802
        periods = _array(kernel.period_length)
        scales = np.sqrt(_array(kernel.lengthscale))
        columns = self._columns(kernel)
        count = max(len(periods), len(scales), len(columns))
        if count == 1:
            return k.Periodic(*columns, period=float(periods[0]), lengthscale=float(scales[0]))
        # Of several coordinates it is the product of theirs.
        seen = columns or [
            self.coordinates[i] if self.coordinates is not None else i for i in range(count)
        ]
        periods, scales = np.broadcast_to(periods, count), np.broadcast_to(scales, count)
        each: list[Kernel] = [
            k.Periodic(c, period=float(p), lengthscale=float(ls))
            for c, p, ls in zip(seen, periods, scales, strict=True)
        ]
        return reduce(lambda a, b: a * b, each)

    def _CosineKernel(self, kernel: Any) -> Kernel:  # noqa: N802
        period = 2.0 * float(_array(kernel.period_length)[0])
        return k.Cosine(*self._columns(kernel), period=period)

    def _LinearKernel(self, kernel: Any) -> Kernel:  # noqa: N802
        linear = k.Linear(*self._columns(kernel), center=0.0)
        return float(_array(kernel.variance)[0]) * linear

    def _PolynomialKernel(self, kernel: Any) -> Kernel:  # noqa: N802
        power = float(kernel.power)
        if power != int(power):
            raise ValueError(f"PolynomialKernel has the power {power}; it must be a whole number")
        offset = float(_array(kernel.offset)[0])
        return k.Polynomial(*self._columns(kernel), degree=int(power), offset=offset)

    def _ConstantKernel(self, kernel: Any) -> Kernel:  # noqa: N802
        return float(_array(kernel.constant)[0]) * k.Constant()

    def _IndexKernel(self, kernel: Any) -> Kernel:  # noqa: N802
        weights = np.asarray(kernel.covar_factor.detach().cpu().numpy(), dtype=np.float64)
        return k.Coregionalization(
            *self._columns(kernel), weights=weights, kappa=_array(kernel.var)
        )

    def _ScaleKernel(self, kernel: Any) -> Kernel:  # noqa: N802
        return float(_array(kernel.outputscale)[0]) * self.of(kernel.base_kernel)

    def _AdditiveKernel(self, kernel: Any) -> Kernel:  # noqa: N802
        return reduce(lambda a, b: a + b, [self.of(one) for one in kernel.kernels])

    def _ProductKernel(self, kernel: Any) -> Kernel:  # noqa: N802
        return reduce(lambda a, b: a * b, [self.of(one) for one in kernel.kernels])


def _array(tensor: Any) -> NDArray[np.float64]:
    """The numbers of a tensor, in a row."""
    detached = tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor
    array = np.asarray(detached, dtype=np.float64).reshape(-1)
    if not all(math.isfinite(v) for v in array):
        raise ValueError(f"a parameter of the kernel is not finite: {array}")
    return array


def _numbers(tensor: Any) -> Quantity:
    """A number, or a list of them."""
    array = _array(tensor)
    return float(array[0]) if len(array) == 1 else [float(v) for v in array]
