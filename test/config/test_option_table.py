from __future__ import annotations

import pytest

from scenerep_ros.config.fields import option_fields
from scenerep_ros.config.option_table import option_table, update, with_tables
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.errors import ConfigError


def test_the_table_has_a_row_an_option_with_its_default():
    rows = option_table(NodeConfig).splitlines()
    assert len(rows) == 2 + len(option_fields(NodeConfig))
    assert any(
        row.startswith("| `method` | `fused` | agglomeration, attention, fused, kmeans")
        for row in rows
    )


def test_a_marked_table_is_renewed_and_the_text_around_it_stays(tmp_path):
    document = tmp_path / "README.md"
    document.write_text("before\n<!-- table: replay -->\nSTALE\n<!-- end -->\nafter\n")
    assert update(document)
    assert not update(document)
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| `rate` |" in text
    assert "STALE" not in text


def test_an_unknown_marker_is_refused_by_name():
    with pytest.raises(ConfigError, match="table: nodes"):
        with_tables("<!-- table: nodes -->\n<!-- end -->")

