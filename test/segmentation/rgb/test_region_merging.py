"""Merging of regions by features and color."""

import numpy as np

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.rgb.region_merging import merge_similar_regions

REGIONS = np.repeat(np.arange(4), 10)[None].repeat(20, axis=0)
"""Four vertical bands, 0 to 3."""
CENTRAL_BANDS = (REGIONS == 1) | (REGIONS == 2)
BROWN, WHITE = (120, 70, 40), (230, 230, 225)


def merge(foreground, features, color):
    return merge_similar_regions(REGIONS, 4, foreground, features, color).tolist()


def band_features(*kinds):
    """Return a grid with 2 columns of patches for each feature."""
    grid = np.array([kinds] * 4, np.float32).repeat(2, axis=1)
    return Features(grid, np.zeros(grid.shape[2], np.float32))


def band_colors(*colors):
    return np.repeat(np.array(colors, np.uint8), 10, axis=0)[None].repeat(20, axis=0)


HEAD_AND_BODY = band_features((1, 0, 0), (0.3, 1, 0), (-0.3, 1, 0), (1, 0, 0.2))
"""Features of bands 1 and 2 are similar."""


def test_regions_of_similar_features_and_color_merge():
    color = band_colors(WHITE, BROWN, BROWN, WHITE)
    assert merge(CENTRAL_BANDS, HEAD_AND_BODY, color) == [0, 1, 1, 0]


def test_regions_of_different_color_stay_separate():
    color = band_colors(WHITE, BROWN, WHITE, WHITE)
    assert merge(CENTRAL_BANDS, HEAD_AND_BODY, color) == [0, 1, 2, 0]


def test_regions_of_different_features_stay_separate():
    color = band_colors(BROWN, BROWN, BROWN, BROWN)
    assert merge(REGIONS > 1, HEAD_AND_BODY, color) == [0, 0, 1, 2]


def test_parts_of_object_that_fills_image_merge():
    features = band_features((1, 0.3, 0), (1, -0.3, 0), (1, 0, 0.3), (1, 0, -0.3))
    color = band_colors(BROWN, BROWN, BROWN, BROWN)
    assert merge(REGIONS >= 0, features, color) == [1, 1, 1, 1]


def test_regions_without_foreground_have_label_zero():
    color = band_colors(BROWN, BROWN, BROWN, BROWN)
    assert merge(np.zeros_like(REGIONS, bool), HEAD_AND_BODY, color) == [0, 0, 0, 0]
