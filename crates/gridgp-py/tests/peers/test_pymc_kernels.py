"""Kernels of the real PyMC, translated. A slow test: PyMC must be there."""

from typing import Any

import numpy as np
import pytest
from gridgp.kernels import Coregionalization, Kernel, from_pymc

pm = pytest.importorskip("pymc")
cov = pm.gp.cov
rng = np.random.default_rng(2)
LINE = rng.normal(size=(7, 1)) * 2
PLANE = rng.normal(size=(6, 3))


def cases() -> list[tuple[Any, np.ndarray[Any, Any]]]:
    one = [
        cov.ExpQuad(1, ls=1.3),
        cov.ExpQuad(1, ls_inv=0.4),
        cov.Matern12(1, ls=1.3),
        cov.Matern32(1, ls=1.3),
        cov.Matern52(1, ls=1.3),
        cov.Exponential(1, ls=1.3),
        cov.RatQuad(1, alpha=0.7, ls=1.3),
        cov.Periodic(1, period=2.1, ls=0.6),
        cov.WrappedPeriodic(cov.ExpQuad(1, ls=0.6), period=2.1),
        cov.Cosine(1, ls=2.1),
        cov.Linear(1, c=0.3),
        cov.Polynomial(1, c=0.0, d=3, offset=0.4),
        cov.ExpQuad(1, ls=1.0) + cov.Constant(2.5),
        cov.ExpQuad(1, ls=1.0) + cov.WhiteNoise(0.3),
        cov.ExpQuad(1, ls=1.0) + 1.5,
        3.0**2 * cov.Matern32(1, ls=2.0),
        0.5 * cov.Matern32(1, ls=2.0) * cov.Cosine(1, ls=3.0) + 2.0 * cov.Linear(1, c=1.0),
        cov.Matern32(1, ls=2.0) ** 2,
        np.float64(2.0) * cov.ExpQuad(1, ls=1.0),
    ]
    many = [
        cov.ExpQuad(3, ls=1.3),
        cov.Matern52(3, ls=[1.3, 0.5, 2.0]),
        cov.Matern32(3, ls=[1.3, 0.5], active_dims=[0, 2]),
        cov.Matern32(3, ls=1.0, active_dims=[1])
        * cov.Periodic(3, period=2.0, ls=0.8, active_dims=[2]),
        cov.Periodic(3, period=2.0, ls=[0.8, 0.9, 1.2]),
        cov.Linear(3, c=[0.1, 0.2, 0.3]),
        cov.Polynomial(3, c=0.0, d=2, offset=1.0),
    ]
    return [(c, LINE) for c in one] + [(c, PLANE) for c in many]


@pytest.mark.parametrize("case", range(26))
def test_values_agree(case: int) -> None:
    theirs, x = cases()[case]
    ours = from_pymc(theirs)
    # PyMC's distances: √(r² + 1e-12), from ‖x‖² + ‖y‖² − 2x·y.
    np.testing.assert_allclose(ours.gram(x), theirs(x).eval(), rtol=3e-6, atol=3e-6)
    np.testing.assert_allclose(ours.diagonal(x), theirs(x, diag=True).eval(), rtol=1e-10)
    if "WhiteNoise" not in str([type(f).__name__ for f in getattr(theirs, "_factor_list", [])]):
        other = x[:3] + 0.7
        np.testing.assert_allclose(
            ours.cross(x, other), theirs(x, other).eval(), rtol=3e-6, atol=3e-6
        )


def test_all_cases_are_run() -> None:
    assert len(cases()) == 26


def test_coregionalization() -> None:
    weights, kappa = rng.normal(size=(4, 2)), np.array([0.1, 0.2, 0.3, 0.4])
    x = np.array([[0.0], [2.0], [3.0], [3.0], [1.0]])
    theirs = cov.Coregion(1, W=weights, kappa=kappa)
    ours = from_pymc(theirs)
    assert isinstance(ours, Coregionalization)
    np.testing.assert_allclose(ours.gram(x), theirs(x).eval(), rtol=1e-12)


def test_random_variables_become_names() -> None:
    with pm.Model():
        ls, eta = pm.Gamma("ls", 2, 2), pm.HalfNormal("eta", 2)
        theirs = eta**2 * cov.Matern52(1, ls=ls) + cov.WhiteNoise(sigma=0.5)
        ours = from_pymc(theirs)
        assert str(ours) == "eta^2 * matern52(lengthscale = ls) + 0.25 * white()"
        value = ours.at(eta=1.2, ls=0.8).gram(LINE)
        expected = theirs(LINE).eval({ls: 0.8, eta: 1.2})
        np.testing.assert_allclose(value, expected, rtol=3e-6, atol=3e-6)
        l1, l2 = pm.Gamma("l1", 2, 2), pm.Gamma("l2", 2, 2)
        own = from_pymc(cov.ExpQuad(2, ls=[l1, l2]), coordinates=["lon", "lat"])
        assert str(own) == "squared_exponential(lengthscale = [l1, l2])"
        with pytest.raises(ValueError, match="ls is a random variable"):
            from_pymc(cov.Exponential(1, ls=ls))
        with pytest.raises(ValueError, match="random variable eta; multiply by the square"):
            from_pymc(eta * cov.ExpQuad(1, ls=1.0))
        with pytest.raises(ValueError, match="expression of random variables"):
            from_pymc(cov.ExpQuad(1, ls=2.0 * ls + 1.0))


def test_what_has_no_counterpart_says_so() -> None:
    def refused(theirs: Any) -> str:
        with pytest.raises(ValueError) as error:
            from_pymc(theirs)
        return str(error.value)

    assert "center c = 1.0" in refused(cov.Polynomial(1, c=1.0, d=2, offset=0.0))
    assert "one kernel for each axis" in refused(cov.Kron([cov.ExpQuad(1, ls=1.0)] * 2))
    warped = cov.WarpedInput(1, cov.ExpQuad(1, ls=1.0), lambda x: x)
    assert "WarpedInput has no counterpart" in refused(warped)
    wrapped = cov.WrappedPeriodic(cov.Matern32(1, ls=1.0), period=2.0)
    assert "only WrappedPeriodic of ExpQuad" in refused(wrapped)
    columns: Kernel = from_pymc(
        cov.Matern32(3, ls=1.0, active_dims=[2]), coordinates=["a", "b", "c"]
    )
    assert str(columns) == "matern32(c, lengthscale = 1)"
