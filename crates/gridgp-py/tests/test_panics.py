"""A panic of Rust is an exception like others, and what cannot be is refused before it comes to one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import gridgp as gp
from gridgp import _core
from gridgp.distributions import Gaussian as Normal
from gridgp.distributions import KroneckerNormal
from gridgp.extremes import gmst, simulate
from gridgp.extremes import Linear
from gridgp.operators import Diagonal, Identity, Kronecker

SOURCES = Path(__file__).resolve().parents[1] / "src"
HUGE = 2**62


def test_a_panic_can_be_caught_and_says_where_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exception, match="a bug of gridgp.*compute.rs:.*the words.*issues") as caught:
        _core.panic_for_tests("the words")
    assert type(caught.value) is RuntimeError
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not SOURCES.exists(), reason="the sources are not beside the tests")
def test_nothing_computes_but_where_panics_are_caught() -> None:
    allowed = {"compute.rs": 1, "density.rs": 1, "worker.rs": 1}
    for path in SOURCES.rglob("*.rs"):
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"\.detach\(", text)) == allowed.get(path.name, 0), path
        assert "resume_unwind" not in text, path


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Normal(0.0, 1.0).rvs(HUGE, seed=1),
        lambda: KroneckerNormal(0.0, [np.eye(2)]).rvs(HUGE, seed=1),
        lambda: Identity(HUGE).to_dense(),
        lambda: Identity(HUGE).diagonal(),
        lambda: Diagonal(np.ones(3)).sample(1, HUGE),
        lambda: Kronecker([Identity(2**31), Identity(2**31)]).to_dense(),
        lambda: gmst(HUGE, Linear(0.1), seed=1),
        lambda: simulate(1, stations=HUGE),
    ],
)
def test_what_does_not_fit_into_memory_is_refused(ask: Callable[[], Any]) -> None:
    with pytest.raises(MemoryError, match="more than there is memory"):
        ask()


def test_prior_draws_are_refused_as_well(elnino: gp.Model, sst: xr.DataArray) -> None:
    with pytest.raises(MemoryError):
        elnino.prior(sst, draws=HUGE)
    with pytest.raises(ValueError, match="draws is 0"):
        elnino.prior(sst, draws=0)


def test_a_process_lives_on_after_a_panic() -> None:
    code = (
        "import gridgp._core as c\n"
        "for _ in range(3):\n"
        "    try: c.panic_for_tests('x')\n"
        "    except Exception: pass\n"
        "print('alive')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("alive\n", "", 0)


def test_settings_that_cannot_be(elnino: gp.Model, sst: xr.DataArray) -> None:
    for settings in (
        {"chains": 0},
        {"draws": 0},
        {"chains": 2**62},
        {"draws": 10**18},
        {"tune": -1},
        {"starts": 0, "method": "map"},
        {"starts": 10**18, "method": "map"},
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011
            elnino.fit(sst, progress=False, **({"method": "nuts"} | settings))
        assert isinstance(caught.value, ValueError | MemoryError), (settings, caught.value)
        assert "bug" not in str(caught.value)
