"""The sensor model behind the embedded sequence behaves as a Kinect does."""

from __future__ import annotations

import numpy as np
import pytest
from data.render import kinect
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.frames import KINECT

FOCAL = KINECT.fx
SHAPE = (120, 160)


def wall(distance=1.0, cosine=1.0, albedo=0.8):
    """Measure a wall that faces the camera."""
    scene = [np.full(SHAPE, value) for value in (distance, cosine, albedo)]
    return kinect.measure(*scene, FOCAL, np.random.default_rng(0))


@settings(max_examples=20, deadline=None)
@given(st.floats(0.7, 2.8))
def test_noise_grows_with_the_square_of_the_distance(distance):
    """Nguyen's noise and the rounding of disparity, uniform over one step, add up."""
    step = distance**2 / (FOCAL * kinect.BASELINE * kinect.SUBPIXEL)
    expected = np.hypot(0.0012 + 0.0019 * (distance - 0.4) ** 2, step / np.sqrt(12))
    error = wall(distance) - distance
    assert 0.7 * expected < np.sqrt(np.mean(error**2)) < 1.4 * expected
    assert abs(error.mean()) < 0.3 * step


@settings(max_examples=20, deadline=None)
@given(st.floats(0.6, 2.8))
def test_disparities_are_eighths_of_a_pixel(distance):
    disparity = FOCAL * kinect.BASELINE / wall(distance) * kinect.SUBPIXEL
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
    ids=["near", "far", "nothing", "dark", "grazing"],
)
def test_what_cannot_be_measured_is_a_hole(scene):
    assert np.isfinite(wall()).all()
    assert np.isnan(wall(**scene)).all()


@settings(max_examples=30, deadline=None)
@given(near=st.floats(0.6, 1.2), gap=st.floats(0.3, 1.5))
def test_the_projector_s_shadow_lies_left_of_objects(near, gap):
    """Its width is the difference of the two disparities."""
    depth = np.full(SHAPE, near + gap)
    depth[40:80, 90:130] = near
    shadow = kinect.shadow(depth, FOCAL)
    width = FOCAL * kinect.BASELINE * (1 / near - 1 / (near + gap))
    lost = np.flatnonzero(shadow[60])
    assert not shadow[:40].any()
    assert lost.max() == 89
    assert len(lost) == pytest.approx(width, abs=1.5)


def test_edges_waver_by_a_pixel_or_so_and_slopes_do_not():
    depth = np.full(SHAPE, 2.0)
    depth[:, 80:] = 1.0
    seen = kinect.wavering(depth, np.zeros(SHAPE), np.random.default_rng(0))
    column = np.abs(seen - 1).argmin(axis=1)
    assert 0.4 < column.std() < 2
    slope = np.broadcast_to(np.linspace(1, 2, SHAPE[1]), SHAPE)
    still = kinect.wavering(slope, np.zeros(SHAPE), np.random.default_rng(0))
    np.testing.assert_array_equal(still[:, 3:-3], slope[:, 3:-3])
