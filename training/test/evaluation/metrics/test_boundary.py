from __future__ import annotations

import numpy as np
from scenerep_training.evaluation.metrics.boundary import matched, outline, tolerance_pixels


def test_outline_of_a_square_with_a_hole():
    mask = np.zeros((7, 7), bool)
    mask[1:6, 1:6] = True
    mask[3, 3] = False
    expected = mask.copy()
    expected[2:5, 2:5] = False
    np.testing.assert_array_equal(outline(mask), expected)


def test_outlines_of_thin_pieces_and_of_the_whole_image():
    thin = np.zeros((5, 7), bool)
    thin[1, 1:5] = thin[3, 6] = True
    np.testing.assert_array_equal(outline(thin), thin)
    whole = outline(np.ones((5, 7), bool))
    assert whole.sum() == 20
    assert not whole[1:-1, 1:-1].any()
    assert not outline(np.zeros((5, 7), bool)).any()


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
