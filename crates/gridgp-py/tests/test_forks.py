"""Forked processes, in which no thread of the parent lives on, compute as the parent does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

# Large enough for several threads.
CODE = """
import multiprocessing as mp, sys, threading, warnings
sys.path.insert(0, {tests!r})
import numpy as np, xarray as xr
import gridgp as gp
from conftest import SMALL
from gridgp.distributions import Gaussian
from gridgp.operators import Dense

warnings.simplefilter("ignore")
y = np.array([(c * 7 + c * c) % 6 for c in range(30)], dtype=float).reshape(6, 5)
data = xr.Dataset({{"y": (("x", "t"), y), "w": ("t", np.arange(5.0))}},
                  coords={{"x": np.arange(6.0), "t": np.arange(5.0)}})
small = gp.Model.from_toml(SMALL)
normal = gp.Model.from_toml(
    "[data]\\nresponse = 'y'\\naxes = ['x']\\n[fields.f]\\nx = 'matern32()'\\n"
    "[likelihood]\\nfamily = 'gaussian'\\nlocation = 'f'\\n"
)
x = np.linspace(0, 10, 400)
series = xr.DataArray(np.sin(x), coords={{"x": x}}, name="y")
rng = np.random.default_rng(0)
matrix = rng.normal(size=(400, 400))
matrix = matrix @ matrix.T + 400 * np.eye(400)
shared = Dense(matrix)
density = normal.log_density(series)

def map_(_):
    return normal.fit(series, progress=False, starts=2).details["log_posterior"]

def nuts(_):
    fit = small.fit(data, chains=2, tune=30, draws=20, progress=False, seed=1)
    return float(fit.predict()["mean"].sum())

def parts(_):
    values = []
    def run():
        values.append((shared.solve(np.ones(400)).sum(), density(np.zeros(density.dim))))
    threads = [threading.Thread(target=run) for _ in range(3)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(set(values)) == 1
    return values[0][0] + Gaussian(0.0, 1.0).logpdf(np.ones(10_000)).sum()

def child(_):
    # A fork of a fork.
    return mp.get_context("fork").Pool(1).map(parts, [0])[0]

work = {{"map": map_, "nuts": nuts, "parts": parts}}
before = {before!r}
if before:
    work[before](0)
context = mp.get_context("fork")
with context.Pool(2) as pool:
    for name, function in work.items():
        expected = pool.map(function, range(2))
        assert expected[0] == expected[1] == function(0), (name, expected, function(0))
    if before == "parts":
        child = mp.get_context("fork").Process(target=child, args=(0,))
        child.start()
        child.join()
        assert child.exitcode == 0
print("all equal")
"""


@pytest.mark.parametrize("before", [None, "map", "nuts", "parts"])
def test_children_of_a_fork_compute(before: str | None) -> None:
    code = CODE.format(tests=str(Path(__file__).parent), before=before)
    # The limit ends what hangs; nothing here takes a tenth of it.
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "all equal"
