"""Merging of regions across occluders and of concave interiors."""

from __future__ import annotations

import numpy as np
import pytest

from scenerep_ros.frames import Intrinsics
from scenerep_ros.geometry import viewing_rays
from scenerep_ros.geometry.inverse_depth import InverseDepthImage
from scenerep_ros.ops.region_samples import RegionSamples
from scenerep_ros.segmentation.depth.merging import merge_object_regions

SHAPE = (60, 80)
RAYS = viewing_rays(Intrinsics(70.0, 70.0, 39.5, 29.5), *SHAPE)
BLUE, RED = (40, 60, 200), (200, 40, 40)


def merge(labels, values, color=None):
    view = InverseDepthImage(values, values, RAYS)
    color = np.full((*SHAPE, 3), BLUE, np.uint8) if color is None else color
    return merge_object_regions(labels, RegionSamples.of(labels), view, color)


def board_behind_occluder(occluder_inverse_depth):
    """Return labels and inverse depth of a board, 1 and 2, with an occluder, 3, between its parts."""
    labels = np.zeros(SHAPE, np.int32)
    labels[20:40, 10:35], labels[20:40, 45:70], labels[10:50, 35:45] = 1, 2, 3
    values = np.full(SHAPE, 0.5, np.float32)
    values[(labels == 1) | (labels == 2)] = 1.0
    values[labels == 3] = occluder_inverse_depth
    return labels, values


def test_parts_of_board_behind_occluder_merge():
    merged = merge(*board_behind_occluder(1.2))
    assert merged[30, 20] == merged[30, 60] > 0
    assert merged[30, 40] not in (0, merged[30, 20])


def test_parts_of_board_across_hole_in_depth_merge():
    labels, values = board_behind_occluder(np.nan)
    labels[labels == 3] = 0
    merged = merge(labels, values)
    assert merged[30, 20] == merged[30, 60] > 0


def test_boards_with_background_between_stay_separate():
    labels, values = board_behind_occluder(0.5)
    labels[labels == 3] = 0
    np.testing.assert_array_equal(merge(labels, values), labels)


def test_board_parts_at_different_depth_stay_separate():
    labels, values = board_behind_occluder(1.2)
    values[labels == 2] = 0.9
    np.testing.assert_array_equal(merge(labels, values), labels)


def test_board_parts_of_different_color_stay_separate():
    labels, values = board_behind_occluder(1.2)
    color = np.full((*SHAPE, 3), BLUE, np.uint8)
    color[:, 40:] = RED
    np.testing.assert_array_equal(merge(labels, values, color), labels)


@pytest.mark.parametrize(("curvature", "is_merged"), [(-0.1, True), (0.1, False)])
def test_only_concave_inside_merges_with_wall_in_front(curvature, is_merged):
    """Inverse depth of the inside is smallest at its center if it is concave."""
    labels = np.zeros(SHAPE, np.int32)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    radius = np.hypot((rows - 20) / 12, (columns - 40) / 20)
    is_inside = radius < 1
    is_wall = (rows >= 20) & (rows < 45) & (np.abs(columns - 40) < 20) & ~is_inside
    labels[is_inside], labels[is_wall] = 1, 2
    values = np.full(SHAPE, 0.5, np.float32)
    values[is_wall] = 1.2
    values[is_inside] = (1.0 + curvature * (1 - radius**2))[is_inside]
    merged = merge(labels, values)
    assert (merged[20, 40] == merged[40, 40]) is np.bool_(is_merged)


def test_single_region_is_unchanged():
    labels = np.zeros(SHAPE, np.int32)
    labels[10:20, 10:20] = 1
    np.testing.assert_array_equal(merge(labels, np.ones(SHAPE, np.float32)), labels)
