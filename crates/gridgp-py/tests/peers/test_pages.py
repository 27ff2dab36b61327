"""Both sides of a page print the same numbers. A slow test: the other packages must be there."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats as st

from gridgp.distributions import KroneckerNormal
from gridgp.kernels import Cosine, Matern52

ROOT = Path(__file__).parents[4]


def printed(path: Path) -> dict[str, float]:
    """`label number` for every number that a script prints."""
    done = subprocess.run([sys.executable, path], check=True, capture_output=True, text=True)
    pairs = re.findall(r"([A-Za-z][A-Za-z0-9 ]*?) (-?\d+\.\d+)", done.stdout)
    return {label.strip(): float(number) for label, number in pairs}


@pytest.mark.parametrize(
    ("package", "ours", "theirs", "count"),
    [
        ("pymc", "from_pymc", "pymc_kron", 3),
        ("jax", "from_gaussx_numpyro", "gaussx_numpyro", 4),
        ("gpytorch", "from_gpytorch", "gpytorch_grid", 1),
    ],
)
def test_both_sides_agree(package: str, ours: str, theirs: str, count: int) -> None:
    pytest.importorskip(package)
    here = printed(ROOT / "crates/gridgp-py/examples" / f"{ours}.py")
    there = printed(ROOT / "peers/python" / f"{theirs}.py")
    shared = sorted(set(here) & set(there))
    assert len(shared) == count, (here, there)
    for label in shared:
        np.testing.assert_allclose(here[label], there[label], rtol=1e-7, err_msg=label)


def test_pymc_has_no_better_mode() -> None:
    pytest.importorskip("pymc")
    here = printed(ROOT / "crates/gridgp-py/examples/from_pymc_models.py")
    there = printed(ROOT / "peers/python/pymc_models.py")
    table = pd.read_csv(ROOT / "examples/kron2d/observations.csv")
    y = table.y.to_numpy().reshape(50, 30)
    x1, x2 = np.unique(table.x1), np.unique(table.x2)

    def log_posterior(found: dict[str, float]) -> float:
        eta, ls1, ls2, sigma = (found[f"mode of {n}"] for n in ("eta", "ls1", "ls2", "sigma"))
        first = eta**2 * Matern52(lengthscale=ls1).gram(x1)
        second = Cosine(period=ls2).gram(x2)
        normal = KroneckerNormal(0.0, [first, second], noise_sd=sigma)
        priors = st.gamma(2, scale=0.5).logpdf([ls1, ls2]).sum()
        priors += st.halfnorm(scale=2).logpdf([eta, sigma]).sum()
        return float(normal.logpdf(y) + priors)

    # The mode to the digits that are printed.
    assert log_posterior(here) > log_posterior(there) - 1e-6
