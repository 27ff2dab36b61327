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


def test_unknowns_in_any_form(elnino: gp.Model, sst: xr.DataArray) -> None:
    density = elnino.log_density(sst)
    x = np.array([23.0, 0.5, -1.0, 1.0, -1.0])
    spread = np.zeros(10)
    spread[::2] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    for same in (list(x), x.astype("f4"), x.astype(">f8"), spread[::2], frozen, xr.DataArray(x)):
        assert density(same) == density(x)
        assert density.gradient(same)[0] == density(x)
    assert density(np.zeros(5, int)) == density(np.zeros(5))


def test_wrong_unknowns(elnino: gp.Model, sst: xr.DataArray) -> None:
    density = elnino.log_density(sst)
    with pytest.raises(ValueError, match="4 entries and the density has 5"):
        density(np.zeros(4))
    with pytest.raises(ValueError, match=r"x has the shape \(1, 5\)"):
        density(np.zeros((1, 5)))
    with pytest.raises(TypeError, match="x holds complex numbers"):
        density(np.zeros(5, complex))
    with pytest.raises(gp.ModelError, match="no route"):
        elnino.log_density(sst, route="other")  # type: ignore[arg-type]
