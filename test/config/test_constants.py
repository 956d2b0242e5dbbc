from __future__ import annotations

from dataclasses import dataclass, fields

import scenerep_ros
from scenerep_ros.config.constants import constant_tables, tuned
from scenerep_ros.segmentation.methods.fused import FusedConstants


def test_tuned_field_keeps_default_and_provenance():
    @dataclass(frozen=True)
    class Example:
        max_shift_px: int = tuned(3, "largest shift", unit="px", grid="image", set_on="TUM")

    (field,) = fields(Example)
    assert Example().max_shift_px == 3
    assert field.metadata == {
        "meaning": "largest shift",
        "unit": "px",
        "grid": "image",
        "set_on": "TUM",
    }


def test_constant_tables_list_each_dataclass_once():
    tables = [constants for constants, _ in constant_tables(scenerep_ros)]
    assert FusedConstants in tables
    assert len(tables) == len(set(tables))


def test_every_constant_states_meaning_and_provenance():
    for constants, members in constant_tables(scenerep_ros):
        for member in members:
            assert member.metadata["meaning"], f"{constants.__name__}.{member.name}"
            assert member.metadata["set_on"], f"{constants.__name__}.{member.name}"
