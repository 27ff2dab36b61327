"""Both sides of a page print the same numbers. A slow test: the other packages must be there."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[4]


def printed(path: Path) -> dict[str, float]:
    """`label number` for every number that a script prints."""
    done = subprocess.run([sys.executable, path], check=True, capture_output=True, text=True)
    pairs = re.findall(r"([A-Za-z][A-Za-z ]*?) (-?\d+\.\d+)", done.stdout)
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
