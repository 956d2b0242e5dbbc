"""Simulations of a Kinect and of a webcam."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenerep_training.rendering.sensors import kinect
from scenerep_training.rendering.sensors.color import simulate_webcam_image

from scenerep_ros.frames import KINECT

FOCAL_LENGTH = KINECT.fx
SHAPE = (120, 160)


def measure_wall(distance=1.0, cosine=1.0, albedo=0.8):
    """Simulate the depth image [m] of a fronto-parallel wall."""
    scene = [np.full(SHAPE, value) for value in (distance, cosine, albedo)]
    return kinect.simulate_depth(*scene, FOCAL_LENGTH, np.random.default_rng(0))


@settings(max_examples=20)
@given(st.floats(0.7, 2.8))
def test_depth_noise_grows_with_the_square_of_distance(distance):
    """The variances of axial noise and of uniform quantization noise add up."""
    step = distance**2 / (FOCAL_LENGTH * kinect.BASELINE_M * kinect.DISPARITY_STEPS_PER_PX)
    expected = np.hypot(0.0012 + 0.0019 * (distance - 0.4) ** 2, step / np.sqrt(12))
    error = measure_wall(distance) - distance
    assert 0.7 * expected < np.sqrt(np.mean(error**2)) < 1.4 * expected
    assert abs(error.mean()) < 0.3 * step


@settings(max_examples=20)
@given(st.floats(0.6, 2.8))
def test_disparity_is_quantized_to_eighths_of_a_pixel(distance):
    disparity = (
        FOCAL_LENGTH * kinect.BASELINE_M / measure_wall(distance) * kinect.DISPARITY_STEPS_PER_PX
    )
    np.testing.assert_allclose(disparity, np.rint(disparity), atol=1e-3)


@pytest.mark.parametrize(
    "scene",
    [
        {"distance": 0.4},
        {"distance": 5.5},
        {"distance": np.inf},
        {"albedo": 0.01},
        {"cosine": np.cos(np.radians(85))},
    ],
    ids=["too_near", "too_far", "no_surface", "dark", "grazing"],
)
def test_simulate_depth_of_an_unmeasurable_wall_returns_nan(scene):
    assert np.isfinite(measure_wall()).all()
    assert np.isnan(measure_wall(**scene)).all()


@settings(max_examples=30)
@given(near=st.floats(0.6, 1.2), gap=st.floats(0.3, 1.5))
def test_projector_shadow_lies_left_of_nearer_surfaces(near, gap):
    """The width of the shadow is the difference of the two disparities."""
    depth = np.full(SHAPE, near + gap)
    depth[40:80, 90:130] = near
    shadow = kinect.projector_shadow(depth, FOCAL_LENGTH)
    width = FOCAL_LENGTH * kinect.BASELINE_M * (1 / near - 1 / (near + gap))
    shadow_columns = np.flatnonzero(shadow[60])
    assert not shadow[:40].any()
    assert shadow_columns.max() == 89
    assert len(shadow_columns) == pytest.approx(width, abs=1.5)


def test_displace_edges_moves_edges_by_about_a_pixel():
    depth = np.full(SHAPE, 2.0)
    depth[:, 80:] = 1.0
    displaced = kinect.displace_edges(depth, np.zeros(SHAPE), np.random.default_rng(0))
    edge_columns = np.abs(displaced - 1).argmin(axis=1)
    assert 0.4 < edge_columns.std() < 2


def test_displace_edges_keeps_slopes():
    slope = np.broadcast_to(np.linspace(1, 2, SHAPE[1]), SHAPE)
    displaced = kinect.displace_edges(slope, np.zeros(SHAPE), np.random.default_rng(0))
    np.testing.assert_array_equal(displaced[:, 3:-3], slope[:, 3:-3])


def test_simulate_webcam_image_spans_black_to_saturation():
    radiance = np.zeros((*SHAPE, 3))
    radiance[:, 80:] = 2
    image = simulate_webcam_image(radiance, np.random.default_rng(0))
    assert image.dtype == np.uint8
    assert image[:, :70].max() < 20
    assert image[:, 90:].min() == 255


def test_simulate_webcam_image_darkens_corners():
    image = simulate_webcam_image(np.full((*SHAPE, 3), 0.3), np.random.default_rng(0))
    assert image[:10, :10].mean() < image[55:65, 75:85].mean() - 3
