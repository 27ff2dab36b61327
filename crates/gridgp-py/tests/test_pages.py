"""The pages for people who come from other packages: their code is code that runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Page, our scripts (which the test of the examples runs), the other side.
PAGES = {
    "python-from-pymc": (["from_pymc", "from_pymc_models"], ["pymc_kron", "pymc_models"]),
    "python-from-gaussx-numpyro": (["from_gaussx_numpyro"], ["gaussx_numpyro"]),
    "python-from-gpytorch": (["from_gpytorch"], ["gpytorch_grid"]),
}


@pytest.mark.parametrize("page", PAGES)
def test_blocks_of_a_page_are_those_of_its_scripts(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    ours, theirs = PAGES[page]
    paths = [ROOT / "crates/gridgp-py/examples" / f"{name}.py" for name in ours]
    paths += [ROOT / "peers/python" / f"{name}.py" for name in theirs]
    scripts = [path.read_text(encoding="utf-8") for path in paths]
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        assert any(block in script for script in scripts), block


def test_every_block_of_the_page_of_parts_runs() -> None:
    text = (ROOT / "docs/python-parts.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) > 5
    exec(compile("\n".join(blocks), "docs/python-parts.md", "exec"), {"__name__": "page"})
