"""Pictures of a map."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from box_world import Cuboid, make_frame, orbit

from scenerep_ros.config.options import MappingOptions
from scenerep_ros.mapping.difference import MapDifference, compare_maps
from scenerep_ros.mapping.drawing import REMOVED, draw_difference, draw_top_view
from scenerep_ros.mapping.pictures.annotations import FOOTER_PX, HEADER_PX
from scenerep_ros.mapping.pictures.projection import measure_extent, top_camera
from scenerep_ros.mapping.pictures.turntable import draw_turntable
from scenerep_ros.mapping.scene_map import SceneMap
from scenerep_ros.mapping.voxels.voxel_points import VoxelPoints


def make_snapshot(cuboids):
    scene_map = SceneMap(MappingOptions(voxel_size=0.03))
    for index, pose in enumerate(orbit(12)):
        scene_map.integrate(*make_frame(cuboids, pose, index))
    return scene_map.snapshot()


@pytest.fixture(scope="module")
def snapshot():
    return make_snapshot([Cuboid(3, (0.5, 0.0)), Cuboid(5, (-0.5, 0.0))])


def map_area(image):
    return image[:-FOOTER_PX]


def test_top_view_shows_objects_left_and_right(snapshot):
    image = draw_top_view(snapshot)
    without_boxes = draw_top_view(snapshot, ())
    assert sorted(image.shape) == [3, 720, 960]
    columns = np.flatnonzero((image != without_boxes).any(axis=(0, 2)))
    left, right = columns[columns < columns.mean()], columns[columns > columns.mean()]
    assert right.min() - left.max() > left.max() - left.min()


def test_top_view_is_as_long_as_the_map(snapshot):
    x = snapshot.points.positions[:, 0]
    wide = replace(snapshot, points=points_where(snapshot, x < 10))
    deep = replace(snapshot, points=points_where(snapshot, np.abs(x) < 0.3), objects=())
    (height, width, _), (deep_height, deep_width, _) = (
        draw_top_view(item).shape for item in (wide, deep)
    )
    extent = measure_extent(wide).size
    assert (height > width) == bool(extent[1] > extent[0])
    assert deep_height > deep_width


def points_where(snapshot, is_kept):
    points = snapshot.points
    return VoxelPoints(points.positions[is_kept], points.colors[is_kept], points.labels[is_kept])


def test_scale_of_the_top_view_is_that_of_the_map(snapshot):
    """The scale is the only dark horizontal line at the left of the footer."""
    footer = draw_top_view(snapshot, ())[-FOOTER_PX:]
    is_line = (footer[FOOTER_PX // 2] < 60).all(axis=1)
    length_px = np.flatnonzero(~is_line[14:])[0]
    pixels_per_m = top_camera(measure_extent(snapshot), FOOTER_PX).focal
    assert length_px / pixels_per_m == pytest.approx(0.5, abs=0.02)


def test_turntable_turns_around_the_map(snapshot):
    views = list(draw_turntable(snapshot, 4))
    assert [view.shape for view in views] == [(720, 960, 3)] * 4
    assert all((first != second).any() for first, second in pairwise(views))
    assert all((view != 255).any(axis=2).mean() > 0.05 for view in views)


def test_turntable_shows_the_whole_map_upright(snapshot):
    """The red object is high above the others, so it is at the top of each view."""
    points = snapshot.points
    is_first = points.labels == snapshot.objects[0].id
    colors = np.where(is_first[:, None], (255, 0, 0), (0, 0, 0)).astype(np.uint8)
    high = points.positions + np.where(is_first, np.float32(2), np.float32(0))[:, None] * [0, 0, 1]
    raised = VoxelPoints(high.astype(np.float32), colors, np.where(is_first, 1, 2).astype(np.int32))
    for view in draw_turntable(replace(snapshot, points=raised, objects=()), 4):
        is_drawn = (view != 255).any(axis=2)
        rows, columns = np.nonzero(is_drawn)
        assert (np.percentile(rows, (3, 97)) // 715 == 0).all()
        assert (np.percentile(columns, (3, 97)) // 955 == 0).all()
        red = np.nonzero(view[..., 0] > view[..., 2].astype(int) + 60)[0]
        assert red.mean() < rows.mean() - 50


def test_difference_shows_both_maps_at_one_scale(snapshot):
    """An object that has not changed is at the same place of both halves."""
    after = make_snapshot([Cuboid(3, (0.5, 0.0))])
    difference = MapDifference((), (), (), ())
    image = draw_difference(snapshot, after, difference)
    height, width = image.shape[0] - FOOTER_PX, image.shape[1] // 2
    first, second = image[HEADER_PX:height, :width], image[HEADER_PX:height, width:]
    is_drawn = (first != 255).any(axis=2) & (second != 255).any(axis=2)
    is_equal = (np.abs(first.astype(int) - second) < 20).all(axis=2)
    assert is_equal[is_drawn].mean() > 0.8


def test_difference_marks_a_removed_object_in_red(snapshot):
    after = make_snapshot([Cuboid(3, (0.5, 0.0))])
    difference = compare_maps(snapshot, after)
    assert len(difference.removed) == 1
    image = draw_difference(snapshot, after, difference)
    unmarked = draw_difference(snapshot, after, MapDifference((), (), (), ()))
    is_marked = (image == REMOVED).all(axis=2)[:-FOOTER_PX]
    assert not (unmarked == REMOVED).all(axis=2)[:-FOOTER_PX].any()
    columns = np.flatnonzero(is_marked.any(axis=0))
    assert columns.min() > 0
    assert columns.max() < image.shape[1] // 2


def test_map_without_points_is_drawn_empty():
    empty = SceneMap(MappingOptions()).snapshot()
    assert (map_area(draw_top_view(empty)) == 255).all()
    assert (next(draw_turntable(empty, 1)) == 255).all()
