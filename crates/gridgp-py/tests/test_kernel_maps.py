"""Parameter maps without the packages: stand-ins with their attributes, formulas as documented.

`peers/` has the same against the packages themselves.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gridgp.kernels import from_gpytorch, from_pymc
from numpy.typing import NDArray

Float = NDArray[np.float64]
X = np.array([0.3, -1.2, 2.5, 0.4])
R = np.abs(np.subtract.outer(X, X))


def stand_in(module: str, name: str, **attributes: Any) -> Any:
    return type(name, (), {"__module__": module, **attributes})()


def torch_like(name: str, **attributes: Any) -> Any:
    arrays = {
        key: np.array(value) if isinstance(value, float) else value
        for key, value in attributes.items()
    }
    return stand_in("gpytorch.kernels", name, batch_shape=(), active_dims=None, **arrays)


GPYTORCH: list[tuple[Any, Callable[[], Float]]] = [
    (torch_like("RBFKernel", lengthscale=1.3), lambda: np.exp(-(R**2) / (2 * 1.3**2))),
    (torch_like("MaternKernel", nu=0.5, lengthscale=1.3), lambda: np.exp(-R / 1.3)),
    (
        torch_like("RQKernel", lengthscale=1.3, alpha=0.7),
        lambda: (1 + R**2 / (2 * 0.7 * 1.3**2)) ** -0.7,
    ),
    # Divided by the lengthscale itself, not by its square.
    (
        torch_like("PeriodicKernel", lengthscale=0.6, period_length=2.1),
        lambda: np.exp(-2 * np.sin(np.pi * R / 2.1) ** 2 / 0.6),
    ),
    # π, not 2π.
    (torch_like("CosineKernel", period_length=2.1), lambda: np.cos(np.pi * R / 2.1)),
    (torch_like("LinearKernel", variance=1.7), lambda: 1.7 * np.outer(X, X)),
    (torch_like("PolynomialKernel", power=3, offset=0.4), lambda: (np.outer(X, X) + 0.4) ** 3),
    (torch_like("ConstantKernel", constant=2.5), lambda: np.full((4, 4), 2.5)),
    (
        torch_like(
            "AdditiveKernel",
            kernels=[
                torch_like(
                    "ScaleKernel",
                    outputscale=2.2,
                    base_kernel=torch_like("RBFKernel", lengthscale=0.8),
                ),
                torch_like(
                    "ProductKernel",
                    kernels=[
                        torch_like("RBFKernel", lengthscale=2.0),
                        torch_like("CosineKernel", period_length=1.0),
                    ],
                ),
            ],
        ),
        lambda: 2.2 * np.exp(-(R**2) / (2 * 0.8**2)) + np.exp(-(R**2) / 8) * np.cos(np.pi * R),
    ),
]


@pytest.mark.parametrize(
    ("theirs", "formula"), GPYTORCH, ids=[type(k).__name__ for k, _ in GPYTORCH]
)
def test_gpytorch(theirs: Any, formula: Callable[[], Float]) -> None:
    np.testing.assert_allclose(from_gpytorch(theirs).gram(X), formula(), rtol=1e-13, atol=1e-13)


def pymc_like(name: str, **attributes: Any) -> Any:
    base = {"input_dim": 1, "active_dims": [0]}
    return stand_in("pymc.gp.cov", name, **(base | attributes))


PYMC: list[tuple[Any, Callable[[], Float]]] = [
    (pymc_like("ExpQuad", ls=1.3), lambda: np.exp(-(R**2) / (2 * 1.3**2))),
    # Half of the distance.
    (pymc_like("Exponential", ls=1.3), lambda: np.exp(-0.5 * R / 1.3)),
    # ½ in the exponent, not 2.
    (
        pymc_like("Periodic", ls=0.6, period=2.1),
        lambda: np.exp(-0.5 * np.sin(np.pi * R / 2.1) ** 2 / 0.6**2),
    ),
    (pymc_like("Cosine", ls=2.1), lambda: np.cos(2 * np.pi * R / 2.1)),
    (pymc_like("Constant", c=2.5), lambda: np.full((4, 4), 2.5)),
    # A standard deviation.
    (pymc_like("WhiteNoise", sigma=0.3), lambda: 0.09 * np.eye(4)),
    (
        pymc_like("Prod", _factor_list=[pymc_like("Linear", c=0.3), 2.0]),
        lambda: 2 * np.outer(X - 0.3, X - 0.3),
    ),
]


@pytest.mark.parametrize(("theirs", "formula"), PYMC, ids=[type(k).__name__ for k, _ in PYMC])
def test_pymc(theirs: Any, formula: Callable[[], Float]) -> None:
    np.testing.assert_allclose(from_pymc(theirs).gram(X), formula(), rtol=1e-13, atol=1e-13)


def test_columns_and_their_names() -> None:
    theirs = pymc_like("Matern32", ls=1.3, input_dim=3, active_dims=[2])
    assert str(from_pymc(theirs)) == "matern32(2, lengthscale = 1.3)"
    assert str(from_pymc(theirs, coordinates="abc")) == "matern32(c, lengthscale = 1.3)"
    torch = torch_like("RBFKernel", lengthscale=np.array([[1.0, 2.0]]))
    torch.active_dims = np.array([0, 2])
    expected = "squared_exponential(a, c, lengthscale = [1, 2])"
    assert str(from_gpytorch(torch, coordinates=["a", "b", "c"])) == expected


def test_unknown_kernels_are_refused() -> None:
    with pytest.raises(ValueError, match="PyMC's Gibbs has no counterpart"):
        from_pymc(pymc_like("Gibbs"))
    with pytest.raises(ValueError, match="GPyTorch's ArcKernel has no counterpart"):
        from_gpytorch(torch_like("ArcKernel"))
