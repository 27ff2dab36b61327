"""Kernels of the real GPyTorch, translated. A slow test: GPyTorch must be there."""

from typing import Any

import numpy as np
import pytest
from gridgp.kernels import from_gpytorch

gpytorch = pytest.importorskip("gpytorch")
torch = pytest.importorskip("torch")
gk = gpytorch.kernels
rng = np.random.default_rng(2)
LINE = rng.normal(size=(7, 1)) * 2
PLANE = rng.normal(size=(6, 3))


def set_(kernel: Any, **values: Any) -> Any:
    for name, value in values.items():
        setattr(kernel, name, torch.as_tensor(value, dtype=torch.float64))
    return kernel


def cases() -> list[tuple[Any, np.ndarray[Any, Any]]]:
    scaled = set_(gk.ScaleKernel(set_(gk.MaternKernel(nu=1.5), lengthscale=0.8)), outputscale=2.2)
    one = [
        set_(gk.RBFKernel(), lengthscale=1.3),
        set_(gk.MaternKernel(nu=0.5), lengthscale=1.3),
        set_(gk.MaternKernel(nu=1.5), lengthscale=1.3),
        set_(gk.MaternKernel(nu=2.5), lengthscale=1.3),
        set_(gk.RQKernel(), lengthscale=1.3, alpha=0.7),
        set_(gk.PeriodicKernel(), lengthscale=0.6, period_length=2.1),
        set_(gk.CosineKernel(), period_length=2.1),
        set_(gk.LinearKernel(), variance=1.7),
        set_(gk.PolynomialKernel(power=3), offset=0.4),
        set_(gk.ConstantKernel(), constant=2.5),
        scaled,
        scaled + set_(gk.RBFKernel(), lengthscale=0.5),
        scaled * set_(gk.CosineKernel(), period_length=3.0),
    ]
    many = [
        set_(gk.RBFKernel(ard_num_dims=3), lengthscale=[1.3, 0.5, 2.0]),
        set_(gk.MaternKernel(nu=2.5, active_dims=[0, 2]), lengthscale=0.9),
        set_(
            gk.PeriodicKernel(ard_num_dims=3),
            lengthscale=[0.6, 0.8, 1.1],
            period_length=[2.0, 3.0, 4.0],
        ),
    ]
    return [(k.double(), LINE) for k in one] + [(k.double(), PLANE) for k in many]


@pytest.mark.parametrize("case", range(16))
def test_values_agree(case: int) -> None:
    theirs, x = cases()[case]
    ours = from_gpytorch(theirs)
    points = torch.as_tensor(x)
    with torch.no_grad():
        expected = theirs(points).to_dense().numpy()
        np.testing.assert_allclose(ours.gram(x), expected, rtol=1e-7, atol=1e-8)
        other = x[:3] + 0.7
        crossed = theirs(points, torch.as_tensor(other)).to_dense().numpy()
        np.testing.assert_allclose(ours.cross(x, other), crossed, rtol=1e-7, atol=1e-8)


def test_all_cases_are_run() -> None:
    assert len(cases()) == 16


def test_index_kernel() -> None:
    kernel = gk.IndexKernel(num_tasks=4, rank=2).double()
    x = np.array([[0], [2], [3], [3], [1]])
    with torch.no_grad():
        expected = kernel(torch.as_tensor(x)).to_dense().numpy()
    np.testing.assert_allclose(from_gpytorch(kernel).gram(x), expected, rtol=1e-12)


def test_what_has_no_counterpart_says_so() -> None:
    with pytest.raises(ValueError, match="SpectralMixtureKernel has no counterpart"):
        from_gpytorch(gk.SpectralMixtureKernel(num_mixtures=2))
    with pytest.raises(ValueError, match="batch shape"):
        from_gpytorch(gk.RBFKernel(batch_shape=torch.Size([2])))
