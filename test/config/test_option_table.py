from __future__ import annotations

import pytest
from conftest import ROOT

from scenerep_ros.config.option_table import option_table, update, with_tables
from scenerep_ros.config.options import NodeConfig
from scenerep_ros.errors import ConfigError


def test_the_table_has_a_row_an_option_with_its_default():
    rows = option_table(NodeConfig).splitlines()
    assert len(rows) == 2 + len(NodeConfig.model_fields)
    assert any(row.startswith("| `method` | `fused` | fused, attention, kmeans") for row in rows)


def test_a_marked_table_is_renewed_and_the_text_around_it_stays(tmp_path):
    document = tmp_path / "README.md"
    document.write_text("before\n<!-- options: replay -->\nSTALE\n<!-- end -->\nafter\n")
    assert update(document)
    assert not update(document)
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| `rate` |" in text
    assert "STALE" not in text


def test_an_unknown_marker_is_refused_by_name():
    with pytest.raises(ConfigError, match="options: nodes"):
        with_tables("<!-- options: nodes -->\n<!-- end -->")


def test_the_readme_is_current():
    text = (ROOT / "README.md").read_text()
    assert "<!-- options: segmenter -->" in text
    assert with_tables(text) == text, "run `make docs`"
