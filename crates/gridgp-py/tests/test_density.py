"""The log density for samplers and optimizers of Python."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import approx_fprime, minimize

import gridgp as gp


@pytest.mark.parametrize("route", ["marginal", "joint"])
def test_gradients(elnino: gp.Model, sst: xr.DataArray, route: str) -> None:
    density = elnino.log_density(sst.isel(year=slice(6)), route=route)  # type: ignore[arg-type]
    assert density.route == route
    assert density.names == ["mean", "cycle", "deviation", "smoothness", "noise"]
    x = np.concatenate([[23.0, 0.5, -1.0, 1.0, -1.0], np.linspace(-1, 1, density.dim - 5)])
    value, gradient = density.gradient(x)
    assert value == density(x)
    numeric = approx_fprime(x, density, 1e-6)
    np.testing.assert_allclose(gradient, numeric, rtol=2e-3, atol=2e-3)


def test_an_optimizer_of_scipy_finds_a_mode(elnino: gp.Model, sst: xr.DataArray) -> None:
    density = elnino.log_density(sst)
    start = np.array([23.0, 0.5, -1.0, 1.0, -1.0])

    def negative(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = density.gradient(x)
        return -value, -gradient

    found = minimize(negative, start, jac=True, method="L-BFGS-B")
    fit = elnino.fit(sst, density="unconstrained", progress=False)
    assert -found.fun == pytest.approx(fit.details["log_posterior"], abs=1e-6)


def test_wrong_unknowns(elnino: gp.Model, sst: xr.DataArray) -> None:
    density = elnino.log_density(sst)
    with pytest.raises(ValueError, match="4 entries and the density has 5"):
        density(np.zeros(4))
    with pytest.raises(ValueError, match="ascontiguousarray"):
        density(np.zeros(10)[::2])
    with pytest.raises(gp.ModelError, match="no route"):
        elnino.log_density(sst, route="other")  # type: ignore[arg-type]
