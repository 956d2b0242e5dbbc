"""Objects without depth on a synthetic table."""

from __future__ import annotations

import numpy as np
import pytest

from scenerep_ros.segmentation.depth.missing_depth_objects import detect_missing_depth_objects

SHAPE = (60, 80)
GRAY, DARK, SIMILAR = 128, 20, 120


def detect(hole, color_value=DARK, surface=None, min_area=0.005):
    """Detect a hole of one gray level in a gray surface."""
    color = np.full((*SHAPE, 3), GRAY, np.uint8)
    color[hole] = color_value
    surface = ~hole if surface is None else surface
    return detect_missing_depth_objects(hole, surface, color, min_area)


def rectangle(top, left, height, width):
    mask = np.zeros(SHAPE, bool)
    mask[top : top + height, left : left + width] = True
    return mask


def test_dark_compact_hole_is_an_object():
    hole = rectangle(20, 30, 12, 20)
    np.testing.assert_array_equal(detect(hole), hole)


def test_two_holes_get_two_labels():
    first, second = rectangle(10, 10, 12, 12), rectangle(30, 50, 12, 12)
    labels = detect(first | second)
    np.testing.assert_array_equal(labels, 1 * first + 2 * second)


@pytest.mark.parametrize(
    ("hole", "options"),
    [
        (rectangle(20, 30, 12, 20), {"color_value": SIMILAR}),
        (rectangle(20, 30, 12, 20), {"surface": np.zeros(SHAPE, bool)}),
        (rectangle(20, 30, 12, 20), {"min_area": 0.1}),
        (rectangle(0, 30, 12, 20), {}),
        (rectangle(10, 10, 30, 5) | rectangle(35, 10, 5, 40), {}),
    ],
    ids=["similar color", "no surface around", "small", "at the border", "not solid"],
)
def test_other_holes_are_no_objects(hole, options):
    assert not detect(hole, **options).any()
