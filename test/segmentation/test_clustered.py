from __future__ import annotations

import numpy as np
import torch
from segmenters import make_segmenter, segment
from table_tops import clusters_of

from scenerep_ros.frames import BACKGROUND, KINECT, Features, RGBDFrame

SHAPE = (480, 640)
FEATURES = Features(torch.ones(15, 20, 4), torch.ones(4))


def wall_with_boxes() -> np.ndarray:
    """A wall 1.5 m away, and two boxes of one width before it, at 1.2 and 1.0 m."""
    depth = np.full(SHAPE, 1.5, np.float32)
    depth[150:330, 150:320] = 1.2
    depth[150:330, 320:490] = 1.0
    return depth


def cut(regions: np.ndarray, depth: np.ndarray | None, **options) -> np.ndarray:
    frame = RGBDFrame(np.zeros((*SHAPE, 3), np.uint8), depth, KINECT)
    segmenter = make_segmenter("kmeans", clusters_of(regions), **options)
    return segment(segmenter, FEATURES, frame).labels


def test_a_region_is_taken_off_its_plane_and_parted_at_the_depth_gap():
    labels = cut(np.ones(SHAPE, np.int32), wall_with_boxes())
    left, right = labels[240, 230], labels[240, 400]
    assert left != right
    assert BACKGROUND not in (left, right)
    assert (labels[:100] == BACKGROUND).all()
    assert labels.max() == 2


def test_two_regions_on_one_surface_stay_two_objects():
    regions = np.ones(SHAPE, np.int32)
    regions[:240] = 2
    labels = cut(regions, wall_with_boxes())
    assert labels[200, 230] != labels[280, 230]
    assert labels.max() == 4


def test_what_the_method_calls_background_stays_background():
    regions = np.ones(SHAPE, np.int32)
    regions[:, :320] = 0
    labels = cut(regions, wall_with_boxes())
    assert (labels[:, :316] == BACKGROUND).all()
    assert labels[240, 400] == 1


def test_beyond_the_range_nothing_is_an_object():
    labels = cut(np.ones(SHAPE, np.int32), wall_with_boxes(), depth__max_range=1.1)
    assert labels[240, 230] == BACKGROUND
    assert labels[240, 400] > 0


def test_without_depth_or_with_depth_switched_off_the_result_is_the_same():
    regions = np.ones(SHAPE, np.int32)
    regions[150:330, 150:320] = 2
    blind = cut(regions, None)
    np.testing.assert_array_equal(blind, cut(regions, wall_with_boxes(), use_depth=False))
    assert blind[240, 230] > 0
