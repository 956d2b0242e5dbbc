"""Pictures of a map."""

from itertools import pairwise

import numpy as np
import pytest
from box_world import Cuboid, make_frame, orbit

from scenerep_ros.config.options import MappingOptions
from scenerep_ros.mapping.difference import compare_maps
from scenerep_ros.mapping.drawing import draw_difference, draw_top_view, draw_turntable
from scenerep_ros.mapping.scene_map import SceneMap


def make_snapshot(cuboids):
    scene_map = SceneMap(MappingOptions(voxel_size=0.03))
    for index, pose in enumerate(orbit(12)):
        scene_map.integrate(*make_frame(cuboids, pose, index))
    return scene_map.snapshot()


@pytest.fixture(scope="module")
def snapshot():
    return make_snapshot([Cuboid(3, (0.5, 0.0)), Cuboid(5, (-0.5, 0.0))])


def test_top_view_shows_objects_left_and_right(snapshot):
    image = draw_top_view(snapshot)
    without_boxes = draw_top_view(snapshot, ())
    assert image.shape == (720, 960, 3)
    columns = np.flatnonzero((image != without_boxes).any(axis=(0, 2)))
    left, right = columns[columns < columns.mean()], columns[columns > columns.mean()]
    assert right.min() - left.max() > left.max() - left.min()


def test_turntable_turns_around_the_map(snapshot):
    views = list(draw_turntable(snapshot, 4))
    assert [view.shape for view in views] == [(720, 960, 3)] * 4
    assert all((first != second).any() for first, second in pairwise(views))
    assert all((view != 255).any(axis=2).mean() > 0.05 for view in views)


def test_difference_shows_both_maps_side_by_side(snapshot):
    after = make_snapshot([Cuboid(3, (0.5, 0.0))])
    image = draw_difference(snapshot, after, compare_maps(snapshot, after))
    assert image.shape == (720, 1920, 3)


def test_map_without_points_is_drawn_empty():
    empty = SceneMap(MappingOptions()).snapshot()
    assert (draw_top_view(empty) == 255).all()
