from __future__ import annotations

import numpy as np
from scenerep_training.evaluation.metrics.boundary import (
    count_matches,
    extract_outline,
    tolerance_px,
)


def test_extract_outline_ignores_holes():
    mask = np.zeros((7, 7), bool)
    mask[1:6, 1:6] = True
    mask[3, 3] = False
    expected = mask.copy()
    expected[2:5, 2:5] = False
    np.testing.assert_array_equal(extract_outline(mask), expected)


def test_extract_outline_of_thin_and_full_masks():
    thin = np.zeros((5, 7), bool)
    thin[1, 1:5] = thin[3, 6] = True
    np.testing.assert_array_equal(extract_outline(thin), thin)
    full = extract_outline(np.ones((5, 7), bool))
    assert full.sum() == 20
    assert not full[1:-1, 1:-1].any()
    assert not extract_outline(np.zeros((5, 7), bool)).any()


def test_count_matches_counts_pixels_of_each_outline():
    first, second = np.zeros((2, 9, 20), bool)
    first[4, :10] = True
    second[6, 5:15] = True
    # The rows are 2 pixels apart, where a disk of radius 2 is one pixel wide.
    assert count_matches(first, second, 2) == (5, 5)
    assert count_matches(first, second, 1) == (0, 0)
    assert count_matches(first, second, 3) == (7, 7)


def test_tolerance_px_rounds_up():
    assert tolerance_px((480, 640)) == 3
    assert tolerance_px((480, 854)) == 3
    assert tolerance_px((1, 1)) == 1
