from __future__ import annotations

import numpy as np
from scenerep_training.evaluation.metrics.boundary import contour, matched, tolerance_pixels


def test_contour_of_a_square():
    mask = np.zeros((6, 6), bool)
    mask[2:4, 2:4] = True
    expected = np.array(
        [
            [0, 0, 0, 0, 0, 0],
            [0, 1, 1, 1, 0, 0],
            [0, 1, 0, 1, 0, 0],
            [0, 1, 1, 1, 0, 0],
            [0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0],
        ],
        bool,
    )
    np.testing.assert_array_equal(contour(mask), expected)


def test_the_image_s_border_is_no_contour():
    assert not contour(np.ones((5, 7), bool)).any()
    half = np.zeros((5, 7), bool)
    half[:, :3] = True
    assert np.argwhere(contour(half)).tolist() == [[row, 2] for row in range(5)]


def test_matches_count_each_contour_s_own_pixels():
    first, second = np.zeros((2, 9, 20), bool)
    first[4, :10] = True
    second[6, 5:15] = True
    # Within 2 rows straight down only, since a disk of radius 2 is one pixel wide there.
    assert matched(first, second, 2) == (5, 5)
    assert matched(first, second, 1) == (0, 0)
    assert matched(first, second, 3) == (7, 7)


def test_tolerance_rounds_up():
    assert tolerance_pixels((480, 640)) == 3
    assert tolerance_pixels((480, 854)) == 3
    assert tolerance_pixels((1, 1)) == 1
