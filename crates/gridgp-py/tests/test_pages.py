"""The pages for people who come from other packages: their code is code that runs."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Page, our script, the other side.
PAGES = [
    ("python-from-pymc", "from_pymc", "pymc_kron"),
    ("python-from-gaussx-numpyro", "from_gaussx_numpyro", "gaussx_numpyro"),
    ("python-from-gpytorch", "from_gpytorch", "gpytorch_grid"),
]


@pytest.mark.parametrize("script", [ours for _, ours, _ in PAGES])
def test_our_side_runs(script: str) -> None:
    runpy.run_path(str(ROOT / "crates/gridgp-py/examples" / f"{script}.py"))


@pytest.mark.parametrize(("page", "ours", "theirs"), PAGES)
def test_blocks_of_a_page_are_those_of_its_scripts(page: str, ours: str, theirs: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    scripts = [
        (ROOT / "crates/gridgp-py/examples" / f"{ours}.py").read_text(encoding="utf-8"),
        (ROOT / "peers/python" / f"{theirs}.py").read_text(encoding="utf-8"),
    ]
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        assert any(block in script for script in scripts), block


def test_every_block_of_the_page_of_parts_runs() -> None:
    text = (ROOT / "docs/python-parts.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) > 5
    exec(compile("\n".join(blocks), "docs/python-parts.md", "exec"), {"__name__": "page"})
