from __future__ import annotations

import pytest

from scenerep_ros.config.fields import option_fields
from scenerep_ros.config.option_table import constants_table, option_table, update, with_tables
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.errors import ConfigError


def test_option_table_has_one_row_per_option():
    rows = option_table(NodeConfig).splitlines()
    assert len(rows) == 2 + len(option_fields(NodeConfig))
    assert any(
        row.startswith("| `method` | `fused` | agglomeration, attention, fused, kmeans")
        for row in rows
    )


def test_update_replaces_only_the_marked_table(tmp_path):
    document = tmp_path / "README.md"
    document.write_text("before\n<!-- table: replay -->\nSTALE\n<!-- end -->\nafter\n")
    assert update(document)
    assert not update(document)
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| `rate` |" in text
    assert "STALE" not in text


def test_unknown_marker_is_refused_by_name():
    with pytest.raises(ConfigError, match="table: nodes"):
        with_tables("<!-- table: nodes -->\n<!-- end -->")


def test_constants_table_states_unit_and_grid():
    rows = constants_table().splitlines()
    (row,) = (row for row in rows if "segmentation.methods.fused.max_growth_px" in row)
    assert "`12` | px of the working grid, 320 columns |" in row
