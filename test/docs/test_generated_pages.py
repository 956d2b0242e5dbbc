"""Generated pages of the reference are current: `make docs` changes none of them."""

from __future__ import annotations

import importlib.util
import re
import sys

import pytest
from conftest import ROOT

from scenerep_ros.config.option_table import with_tables

DOCS = ROOT / "docs"
PAGES = sorted(
    path for path in DOCS.rglob("*.md") if path.is_file() and "<!-- table:" in path.read_text()
)


def load(path):
    """Import a script of the documentation."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_tables_of_a_page_are_current(path):
    text = path.read_text()
    assert with_tables(text) == text, "run `make docs`"


def test_tables_of_options_and_constants_are_in_the_reference():
    assert {"parameters", "constants"} <= {path.stem for path in PAGES}


def test_command_line_page_is_current():
    pytest.importorskip("scenerep_training", reason="the training module is not installed")
    page = load(DOCS / "generate_cli.py").page()
    assert (DOCS / "reference" / "cli.md").read_text() == page, "run `make docs`"


def test_api_page_lists_every_package_once(monkeypatch):
    pytest.importorskip("sphinx", reason="the packages of requirements-docs.txt are not installed")
    pytest.importorskip("scenerep_training", reason="the training module is not installed")
    monkeypatch.setattr(sys, "path", [*sys.path])
    conf = load(DOCS / "conf.py")
    listed = re.findall(r"^api/(\S+)$", (DOCS / "reference" / "api.md").read_text(), re.M)
    assert sorted(listed) == sorted(conf.api_packages())
