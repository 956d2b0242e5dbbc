"""Optical flow between two images, and points that it moves."""

import cv2
import numpy as np
import pytest
from discs import RNG, SHAPE, TEXTURE, texture_window
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.tracking.optical_flow import (
    FlowEstimator,
    is_flow_reliable,
    propagate_points,
    tracking_grid_shape,
    tracking_image,
)

GRID_SCALE = tracking_grid_shape(SHAPE)[1] / SHAPE[1]


def test_flow_estimator_first_image_returns_none():
    assert FlowEstimator().update(texture_window(100, 100)) is None


def test_flow_estimator_changed_aspect_returns_none():
    estimator = FlowEstimator()
    estimator.update(texture_window(0, 0, (240, 320)))
    assert estimator.update(texture_window(0, 0, (240, 480))) is None


def test_flow_estimator_shifted_image_propagates_points():
    estimator = FlowEstimator()
    estimator.update(texture_window(100, 100))
    flow = estimator.update(texture_window(60, 124))
    points = np.array([[80, 70], [100, 60], [60, 90]], np.float32)
    displacement = propagate_points(points, flow) - points
    expected = np.tile([40 * GRID_SCALE, -24 * GRID_SCALE], (3, 1))
    np.testing.assert_allclose(displacement, expected, atol=1)


def test_propagate_points_outside_image_uses_border_flow():
    flow = np.zeros((10, 20, 2), np.float32)
    flow[:, -1] = 3, 1
    outside = np.array([[50, 4], [-7, 4]], np.float32)
    assert propagate_points(outside, flow).tolist() == [[53, 5], [-7, 4]]


@pytest.mark.parametrize("size", [(4, 3), (64, 48), (320, 240)])
def test_flow_estimator_unrelated_images_returns_zero_flow(size):
    estimator = FlowEstimator()
    for _ in range(2):
        noise = RNG.integers(0, 255, (*size[::-1], 3), np.uint8)
        flow = estimator.update(cv2.resize(noise, (640, 480)))
    np.testing.assert_array_equal(flow, 0)


@pytest.mark.parametrize("gain", [0.9, 0.8, 0.5, 0.2])
def test_flow_estimator_changed_exposure_estimates_motion(gain):
    estimator = FlowEstimator()
    estimator.update(texture_window(100, 100))
    flow = estimator.update((texture_window(80, 100) * gain).astype(np.uint8))
    assert np.median(flow[..., 0]) == pytest.approx(20 * GRID_SCALE, abs=0.5)


def test_flow_estimator_uniform_images_returns_zero_flow():
    estimator = FlowEstimator()
    for _ in range(2):
        flow = estimator.update(np.full((48, 64, 3), 77, np.uint8))
    np.testing.assert_array_equal(flow, 0)


@pytest.mark.parametrize(("shift", "expected"), [(6, True), (0, False), (-6, False)])
def test_is_flow_reliable_accepts_true_shift_only(shift, expected):
    gray = cv2.cvtColor(TEXTURE, cv2.COLOR_RGB2GRAY)
    previous, current = gray[:120, 6:166], gray[:120, :160]
    flow = np.full((120, 160, 2), (shift, 0), np.float32)
    assert is_flow_reliable(flow, previous, current) is expected


def test_is_flow_reliable_flow_out_of_image_is_false():
    gray = cv2.cvtColor(TEXTURE[:120, :160], cv2.COLOR_RGB2GRAY)
    assert not is_flow_reliable(np.full((120, 160, 2), 500, np.float32), gray, gray)


@given(st.integers(2, 3000), st.integers(2, 3000))
def test_tracking_grid_shape_keeps_aspect(height, width):
    rows, columns = tracking_grid_shape((height, width))
    assert abs(rows / height - columns / width) <= 1 / min(height, width)


def test_tracking_image_black_color_shows_motion_of_depth():
    estimator = FlowEstimator()
    black = np.zeros((*SHAPE, 3), np.uint8)
    for left in (100, 80):
        depth = 1 + texture_window(left, 100)[..., 0].astype(np.float32) / 255
        flow = estimator.update(tracking_image(RGBDFrame(black, depth)))
    assert np.median(flow[..., 0]) == pytest.approx(20 * GRID_SCALE, abs=0.5)


def test_tracking_image_exposed_frame_is_color():
    frame = RGBDFrame(texture_window(0, 0), np.ones(SHAPE, np.float32))
    assert tracking_image(frame) is frame.color
