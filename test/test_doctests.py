from __future__ import annotations

import doctest
import importlib

import pytest
from conftest import ROOT

FILES = sorted((ROOT / "scenerep_ros").rglob("*.py"))
EXAMPLES = [path for path in FILES if ">>> " in path.read_text()]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_in_docstrings_are_true(path):
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0
    assert results.failed == 0
