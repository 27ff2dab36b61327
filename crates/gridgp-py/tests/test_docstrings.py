"""The examples of the docstrings run."""

import doctest
import importlib
import pkgutil

import gridgp
import numpy as np
import pytest

MODULES = [
    m.name
    for m in pkgutil.walk_packages(gridgp.__path__, "gridgp.")
    if not m.name.endswith("._core")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    with np.printoptions(legacy=False):
        result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
