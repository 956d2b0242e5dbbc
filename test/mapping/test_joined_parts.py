"""Joining of touching parts that have changed together."""

from dataclasses import replace

import numpy as np
import pytest
from box_world import Cuboid, make_frame, orbit

from scenerep_ros.config.options import MappingOptions
from scenerep_ros.mapping.joined_parts import join_parts
from scenerep_ros.mapping.scene_map import SceneMap

PARTS = [Cuboid(3, (0.0, 0.0)), Cuboid(5, (0.3, 0.0)), Cuboid(9, (-0.6, 0.4))]


@pytest.fixture(scope="module")
def snapshot():
    scene_map = SceneMap(MappingOptions())
    for index, pose in enumerate(orbit(20)):
        scene_map.integrate(*make_frame(PARTS, pose, index))
    return scene_map.snapshot()


def joined(snapshot, axes):
    """Join the objects after giving each the feature of an axis."""
    items = [
        replace(item, feature=np.eye(4, dtype=np.float32)[axis])
        for item, axis in zip(snapshot.objects, axes, strict=True)
    ]
    return join_parts(items, snapshot, np.zeros(4, np.float32))


def test_touching_parts_of_equal_features_are_one_object(snapshot):
    items = joined(snapshot, (0, 0, 0))
    assert len(items) == 2
    assert max(item.box.size.max() for item in items) == pytest.approx(0.6, abs=0.05)
    assert sum(item.point_count for item in items) == sum(
        item.point_count for item in snapshot.objects
    )


def test_touching_objects_of_other_features_stay_apart(snapshot):
    assert len(joined(snapshot, (0, 1, 2))) == 3
