"""Optical flow between two images, and points that it moves."""

import cv2
import numpy as np
import pytest
from discs import SHAPE, texture_window
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.tracking.optical_flow import (
    FlowEstimator,
    invert_flow,
    propagate_points,
    tracking_grid_shape,
    tracking_image,
)

GRID_SCALE = tracking_grid_shape(SHAPE)[1] / SHAPE[1]


def gray_image(color: np.ndarray) -> np.ndarray:
    """Gray image (h, w) of an image (H, W, 3) on its tracking grid."""
    return tracking_image(RGBDFrame(color))


def test_flow_estimator_without_previous_image_returns_none():
    assert FlowEstimator().estimate(None, gray_image(texture_window(100, 100))) is None


def test_flow_estimator_changed_aspect_returns_none():
    images = [gray_image(texture_window(0, 0, shape)) for shape in ((240, 320), (240, 480))]
    assert FlowEstimator().estimate(*images) is None


def test_flow_estimator_shifted_image_propagates_points():
    images = [gray_image(texture_window(*corner)) for corner in ((100, 100), (60, 124))]
    estimate = FlowEstimator().estimate(*images)
    points = np.array([[80, 70], [100, 60], [60, 90]], np.float32)
    displacement = propagate_points(points, estimate.forward) - points
    expected = np.tile([40 * GRID_SCALE, -24 * GRID_SCALE], (3, 1))
    np.testing.assert_allclose(displacement, expected, atol=1)
    assert estimate.is_reliable
    assert estimate.is_steady


def test_propagate_points_outside_image_uses_border_flow():
    flow = np.zeros((10, 20, 2), np.float32)
    flow[:, -1] = 3, 1
    outside = np.array([[50, 4], [-7, 4]], np.float32)
    assert propagate_points(outside, flow).tolist() == [[53, 5], [-7, 4]]


@pytest.mark.parametrize("size", [(4, 3), (64, 48), (320, 240)])
def test_flow_estimator_unrelated_images_are_a_cut(size):
    generator = np.random.default_rng(0)
    noise = (generator.integers(0, 255, (*size[::-1], 3), np.uint8) for _ in range(2))
    images = [gray_image(cv2.resize(image, (640, 480))) for image in noise]
    estimate = FlowEstimator().estimate(*images)
    np.testing.assert_array_equal(estimate.forward, 0)
    np.testing.assert_array_equal(estimate.backward, 0)
    assert not estimate.is_continuous


@pytest.mark.parametrize("gain", [0.9, 0.8, 0.5, 0.2])
def test_flow_estimator_changed_exposure_estimates_motion(gain):
    darker = (texture_window(80, 100) * gain).astype(np.uint8)
    images = [gray_image(color) for color in (texture_window(100, 100), darker)]
    estimate = FlowEstimator().estimate(*images)
    assert np.median(estimate.forward[..., 0]) == pytest.approx(20 * GRID_SCALE, abs=0.5)
    assert estimate.is_continuous


@pytest.mark.parametrize("noise", [0, 3])
def test_flow_estimator_images_without_texture_are_continuous(noise):
    generator = np.random.default_rng(0)
    colors = (
        (generator.normal(77, noise, (480, 640, 3)) if noise else np.full((480, 640, 3), 77))
        for _ in range(2)
    )
    images = [gray_image(color.round().astype(np.uint8)) for color in colors]
    estimate = FlowEstimator().estimate(*images)
    np.testing.assert_array_equal(estimate.forward, 0)
    assert estimate.is_steady


def test_flow_estimator_motion_blur_is_continuous():
    sharp, moved = texture_window(100, 100), texture_window(90, 100)
    images = [gray_image(sharp), gray_image(cv2.blur(moved, (9, 1)))]
    assert FlowEstimator().estimate(*images).is_continuous


def test_flow_estimator_backward_inverts_forward_flow():
    images = [gray_image(texture_window(*corner)) for corner in ((100, 100), (90, 104))]
    estimate = FlowEstimator().estimate(*images)
    inside = np.s_[20:-20, 20:-20]
    np.testing.assert_allclose(estimate.backward[inside], -estimate.forward[inside], atol=0.5)


def test_invert_flow_smooth_flow_is_inverted():
    u = np.arange(160, dtype=np.float32)
    flow = np.zeros((120, 160, 2), np.float32)
    flow[..., 0] = 2 + np.sin(u / 20)
    sources = u + invert_flow(flow)[..., 0]
    forward = sources + np.interp(sources, u, flow[0, :, 0])
    inside = np.s_[:, 10:150]
    np.testing.assert_allclose(forward[inside], np.tile(u, (120, 1))[inside], atol=0.01)


@given(st.integers(2, 3000), st.integers(2, 3000))
def test_tracking_grid_shape_keeps_aspect(height, width):
    rows, columns = tracking_grid_shape((height, width))
    assert abs(rows / height - columns / width) <= 1 / min(height, width)


def test_tracking_image_black_color_shows_motion_of_depth():
    black = np.zeros((*SHAPE, 3), np.uint8)
    depths = (1 + texture_window(left, 100)[..., 0].astype(np.float32) / 255 for left in (100, 80))
    images = [tracking_image(RGBDFrame(black, depth)) for depth in depths]
    estimate = FlowEstimator().estimate(*images)
    assert np.median(estimate.forward[..., 0]) == pytest.approx(20 * GRID_SCALE, abs=0.5)


def test_tracking_image_exposed_frame_is_color():
    color = texture_window(0, 0)
    frame = RGBDFrame(color, np.ones(SHAPE, np.float32))
    np.testing.assert_array_equal(tracking_image(frame), gray_image(color))
