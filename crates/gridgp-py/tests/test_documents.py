"""What the documentation shows runs, and the types are right."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "crates/gridgp-py"


@pytest.mark.filterwarnings("ignore")
def test_every_block_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib

    matplotlib.use("Agg")
    text = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)
    assert len(blocks) >= 5
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks:
        # One page, one session: later blocks use what earlier ones made.
        exec(compile(block, "docs/python.md", "exec"), names)


def test_types() -> None:
    targets = [PACKAGE / "python", PACKAGE / "examples"]
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(PACKAGE / "pyproject.toml"),
        *targets,
    ]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=PACKAGE)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("script", ["elnino", "counts", "maxima"])
def test_scripts(script: str, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", str(PACKAGE / f"examples/{script}.py")]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout
