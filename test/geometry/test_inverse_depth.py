"""Inverse depth images, their smoothing and the shifts of images."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from scenerep_ros.frames import KINECT, RGBDFrame
from scenerep_ros.geometry.inverse_depth import (
    InverseDepthImage,
    shifted_neighbors,
    smooth_valid,
)


def make_frame() -> RGBDFrame:
    depth = np.random.default_rng(0).uniform(0.5, 4, (48, 64)).astype(np.float32)
    depth[20:30, 20:30] = np.nan
    return RGBDFrame(np.zeros((48, 64, 3), np.uint8), depth, KINECT)


def test_from_frame_subsamples_inverse_depth_and_rays():
    frame = make_frame()
    image = InverseDepthImage.from_frame(frame, step=2)
    np.testing.assert_allclose(image.values, 1 / frame.depth[::2, ::2], rtol=1e-6)
    np.testing.assert_array_equal(image.valid, np.isfinite(frame.depth[::2, ::2]))
    assert image.rays.shape == (24, 32, 3)
    assert image.rays[3, 5, 0] == pytest.approx((10 - KINECT.cx) / KINECT.fx, rel=1e-5)


@pytest.mark.parametrize("step", [1, 2])
def test_pixel_area_is_that_at_one_meter(step):
    image = InverseDepthImage.from_frame(make_frame(), step)
    assert image.pixel_area == pytest.approx((step / 525) ** 2, rel=1e-3)


def test_smooth_valid_keeps_a_constant_beside_holes():
    values = np.full((20, 20), 0.7, np.float32)
    values[5:9, 5:9] = np.nan
    smoothed = smooth_valid(values)
    assert np.isnan(smoothed[5:9, 5:9]).all()
    np.testing.assert_allclose(smoothed[np.isfinite(values)], 0.7, rtol=1e-5)


def test_smooth_valid_without_holes_equals_a_gaussian():
    values = np.random.default_rng(0).random((30, 30), np.float32)
    expected = ndimage.gaussian_filter(values, 1.5)
    np.testing.assert_allclose(smooth_valid(values)[8:-8, 8:-8], expected[8:-8, 8:-8], atol=1e-3)


@pytest.mark.parametrize(("dv", "du"), [(0, 1), (2, 0), (1, 1), (1, -1)])
def test_shifted_neighbors_returns_opposite_offsets(dv, du):
    values = np.arange(30, dtype=np.float32).reshape(5, 6)
    ahead, behind = shifted_neighbors(values, dv, du)
    assert ahead[2, 3] == values[2 + dv, 3 + du]
    assert behind[2, 3] == values[2 - dv, 3 - du]


def test_shifted_neighbors_is_nan_beyond_the_border():
    ahead, behind = shifted_neighbors(np.ones((3, 4), np.float32), 0, 2)
    assert np.isnan(ahead).tolist() == [[False, False, True, True]] * 3
    assert np.isnan(behind).tolist() == [[True, True, False, False]] * 3
