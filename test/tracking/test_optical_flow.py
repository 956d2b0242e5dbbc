"""The motion of pictures, and points that go along with it."""

import cv2
import numpy as np
import pytest
from discs import RNG, SHAPE, TEXTURE
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.tracking.optical_flow import MotionEstimator, carry, picture, thumbnail_shape


def test_a_shifted_picture_carries_its_points():
    estimator, window = MotionEstimator(), np.s_[100:340, 100:420]
    assert estimator(np.ascontiguousarray(TEXTURE[window])) is None
    flow = estimator(np.ascontiguousarray(TEXTURE[124:364, 60:380]))
    scale = thumbnail_shape(SHAPE)[1] / SHAPE[1]
    points = np.array([[80, 70], [100, 60], [60, 90]], np.float32)
    moved = carry(points, flow) - points
    np.testing.assert_allclose(moved, np.tile([40 * scale, -24 * scale], (3, 1)), atol=1)


def test_points_outside_go_with_the_border():
    flow = np.zeros((10, 20, 2), np.float32)
    flow[:, -1] = 3, 1
    outside = np.array([[50, 4], [-7, 4]], np.float32)
    assert carry(outside, flow).tolist() == [[53, 5], [-7, 4]]


@pytest.mark.parametrize("size", [(4, 3), (64, 48), (320, 240)])
def test_pictures_with_nothing_in_common_do_not_move(size):
    estimator = MotionEstimator()
    for _ in range(2):
        picture = RNG.integers(0, 255, (*size[::-1], 3), np.uint8)
        flow = estimator(cv2.resize(picture, (640, 480)))
    np.testing.assert_array_equal(flow, 0)


@pytest.mark.parametrize("gain", [0.9, 0.8, 0.5, 0.2])
def test_exposure_does_not_hide_motion(gain):
    estimator = MotionEstimator()
    estimator(np.ascontiguousarray(TEXTURE[100:340, 100:420]))
    flow = estimator((TEXTURE[100:340, 80:400] * gain).astype(np.uint8))
    scale = thumbnail_shape(SHAPE)[1] / SHAPE[1]
    assert np.median(flow[..., 0]) == pytest.approx(20 * scale, abs=0.5)


def test_a_plain_picture_does_not_move():
    estimator = MotionEstimator()
    for _ in range(2):
        flow = estimator(np.full((48, 64, 3), 77, np.uint8))
    np.testing.assert_array_equal(flow, 0)


@given(st.integers(2, 3000), st.integers(2, 3000))
def test_a_thumbnail_has_the_aspect_of_its_image(height, width):
    rows, columns = thumbnail_shape((height, width))
    assert abs(rows / height - columns / width) <= 1 / min(height, width)


def test_in_the_dark_depth_shows_the_motion():
    estimator = MotionEstimator()
    black = np.zeros((240, 320, 3), np.uint8)
    for left in (100, 80):
        depth = 1 + TEXTURE[100:340, left : left + 320, 0].astype(np.float32) / 255
        flow = estimator(picture(RGBDFrame(black, depth)))
    scale = thumbnail_shape((240, 320))[1] / 320
    assert np.median(flow[..., 0]) == pytest.approx(20 * scale, abs=0.5)


def test_where_there_is_light_the_picture_is_colour():
    frame = RGBDFrame(np.ascontiguousarray(TEXTURE[:240, :320]), np.ones((240, 320), np.float32))
    assert picture(frame) is frame.color
