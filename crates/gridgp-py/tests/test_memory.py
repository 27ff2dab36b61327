"""A large array crosses into Rust in one copy, whatever its memory order."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import tracemalloc
import numpy as np, xarray as xr
import gridgp as gp
from gridgp.likelihoods import Gaussian

def resident(what):
    return int(next(l for l in open("/proc/self/status") if l.startswith(what)).split()[1]) * 1024

y = np.empty((2500, 4000))
y[:] = np.sin(np.arange(2500))[:, None] + np.cos(np.arange(4000))
data = xr.DataArray(y, coords={"x": np.arange(2500.0), "t": np.arange(4000.0)}, dims=["x", "t"])
axes = AXES
f = gp.Field("f", x="matern32(lengthscale = 10)", t="matern32(lengthscale = 10)", amplitude=1)
model = gp.Model(Gaussian(f), response="y", axes=axes)
before = resident("VmRSS")
tracemalloc.start()
problem, _ = model._problem(data, None, None, None, {})
print(tracemalloc.get_traced_memory()[1] / y.nbytes, (resident("VmHWM") - before) / y.nbytes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize("axes", [["x", "t"], ["t", "x"]])
def test_ten_million_cells_are_copied_once(axes: list[str]) -> None:
    code = CODE.replace("AXES", repr(axes))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    in_python, peak = map(float, ran.stdout.split())
    assert in_python < 0.05
    # The copy, and a mark for each cell that says whether it is missing.
    assert peak < 1.3
