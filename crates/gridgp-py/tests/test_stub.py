"""The stub of the Rust module says what the module has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gridgp


def test_stub_is_that_of_the_module(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    # PyO3 writes an __all__, which a stub of everything does not need.
    allowed = tmp_path / "allowed"
    allowed.write_text("gridgp._core.__all__\n", encoding="utf-8")
    place = Path(gridgp.__path__[0]).parent
    # An installed package mypy finds by itself, and refuses to be told of.
    found = {} if place.name == "site-packages" else {"MYPYPATH": str(place)}
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "gridgp._core", "--allowlist", allowed],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | found,
    )
    assert done.returncode == 0, done.stdout + done.stderr
