"""Kinds of tests, as pytest markers: unit, ros, data and slow.

A test that names one of these markers itself keeps it. The first rule that applies marks any other:

    ros    it lies in a folder of ROS_FOLDERS, whose tests start nodes
    data   it requests a fixture of DATA_FIXTURES: real recordings or real weights
    unit   everything else

`pytest -m unit` needs no weights, no recordings and no ROS: tests that import ROS skip without it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

KINDS = ("unit", "ros", "data", "slow")
ROS_FOLDERS = [Path(__file__).parents[1] / "ros" / name for name in ("nodes", "tools", "launch")]
DATA_FIXTURES = {"real_data", "dinov2", "real_grids"} | {
    f"{name}_folder" for name in ("tum", "mosd", "ecssd", "nyu_rooms")
}


def mark_kinds(items: list[pytest.Item]) -> None:
    """Mark the tests that name no kind themselves; a hook pytest_collection_modifyitems."""
    for item in items:
        if not any(item.get_closest_marker(kind) for kind in KINDS):
            item.add_marker(kind_of(item))


def kind_of(item: pytest.Item) -> str:
    """Return the marker of a test that names none itself."""
    if any(item.path.is_relative_to(folder) for folder in ROS_FOLDERS):
        return "ros"
    return "data" if DATA_FIXTURES & set(getattr(item, "fixturenames", ())) else "unit"
