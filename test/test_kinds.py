from __future__ import annotations

from types import SimpleNamespace

import pytest
from conftest import ROOT
from kinds import KINDS, kind_of, mark_kinds


class Item:
    """Test item of pytest, reduced to the parts that decide its kind."""

    def __init__(self, path, fixtures=(), markers=()):
        self.path, self.fixturenames, self.markers = ROOT / path, fixtures, [*markers]

    def get_closest_marker(self, name):
        return SimpleNamespace(name=name) if name in self.markers else None

    def add_marker(self, name):
        self.markers.append(name)


@pytest.mark.parametrize(
    ("path", "fixtures", "kind"),
    [
        ("test/tracking/test_tracker.py", ["tmp_path"], "unit"),
        ("test/ros/nodes/test_segmenter.py", [], "ros"),
        ("test/ros/nodes/test_segmenter.py", ["tum_folder"], "ros"),
        ("test/ros/conversions/test_images.py", [], "unit"),
        ("test/backbones/test_vit.py", ["dinov2"], "data"),
        ("training/test/datasets/test_davis.py", ["real_data"], "data"),
    ],
)
def test_kind_of_follows_folder_then_fixtures(path, fixtures, kind):
    assert kind_of(Item(path, fixtures)) == kind


def test_mark_kinds_keeps_a_kind_that_a_test_names():
    slow, plain = Item("test/test_a.py", markers=["slow"]), Item("test/test_b.py")
    mark_kinds([slow, plain])
    mark_kinds([slow, plain])
    assert (slow.markers, plain.markers) == (["slow"], ["unit"])


def test_kinds_are_registered_with_pytest(pytestconfig):
    registered = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    assert set(KINDS) <= registered
