"""Tests of positions in images and of sampling at them."""

from __future__ import annotations

import numpy as np
from scenerep_training.data.views.positions import pixel_grid, sample_nearest

IMAGE = np.arange(12).reshape(3, 4)


def test_pixel_grid_contains_column_and_row():
    grid = pixel_grid((3, 4))
    assert grid.shape == (3, 4, 2)
    assert grid[2, 1].tolist() == [1, 2]


def test_sample_nearest_at_pixel_grid_returns_image():
    np.testing.assert_array_equal(sample_nearest(IMAGE, pixel_grid(IMAGE.shape)), IMAGE)


def test_sample_nearest_rounds_and_clips_positions():
    positions = np.float32([[1.4, 0.6], [-5, 1], [9, 9]])
    assert sample_nearest(IMAGE, positions).tolist() == [IMAGE[1, 1], IMAGE[1, 0], IMAGE[2, 3]]
