"""Motion against the background, from synthetic flow fields and from images."""

import numpy as np
import pytest
from discs import texture_window

from scenerep_ros.config.options import TrackingOptions
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.tracking.background_motion import (
    estimate_residual_motion,
    mark_moving_pixels,
)
from scenerep_ros.tracking.optical_flow import invert_flow
from scenerep_ros.tracking.tracker import Tracker
from scenerep_ros.tracking.warping import BackwardWarp

HEIGHT, WIDTH = 120, 160
V, U = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
CAMERA_FLOWS = {
    "still": (0 * U, 0 * V),
    "pan": (0 * U + 5, 0 * V - 2),
    "zoom": (0.05 * (U - 80), 0.05 * (V - 60)),
    "roll": (-0.04 * (V - 60), 0.04 * (U - 80)),
    "tilted plane": (3 + 0.0003 * U * U, 0.0003 * U * V),
}


@pytest.mark.parametrize("camera", CAMERA_FLOWS)
def test_residual_motion_marks_object_under_moving_camera(camera):
    flow = np.stack(CAMERA_FLOWS[camera], axis=-1).astype(np.float32)
    flow[40:80, 30:70] += (6, 0)
    residual = estimate_residual_motion(flow, invert_flow(flow))
    is_moving = residual > 3
    expected = np.zeros((HEIGHT, WIDTH), np.bool_)
    u, v = (int(part) for part in flow[60, 50])
    expected[40 + v : 80 + v, 30 + u : 70 + u] = True
    iou = (is_moving & expected).sum() / (is_moving | expected).sum()
    assert iou > 0.7  # the inverted flow is ambiguous where the object hides the background
    assert np.median(residual) < 0.05


def test_residual_motion_of_incoherent_flow_is_none():
    flow = np.random.default_rng(0).normal(scale=8, size=(HEIGHT, WIDTH, 2)).astype(np.float32)
    assert estimate_residual_motion(flow, invert_flow(flow)) is None


def test_residual_motion_of_tiny_flow_is_finite():
    still = np.zeros((2, 3, 2), np.float32)
    residual = estimate_residual_motion(still, still)
    assert residual.shape == (2, 3)
    assert np.isfinite(residual).all()


def still_warp(shape):
    v, u = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return BackwardWarp(u, v, np.zeros(shape, np.bool_))


def test_mark_moving_pixels_covers_object_and_margin():
    residual = np.full((HEIGHT, WIDTH), 0.05, np.float32)
    residual[40:60, 50:80] = 4
    warp = mark_moving_pixels(still_warp((2 * HEIGHT, 2 * WIDTH)), residual)
    assert warp.occluded[80:120, 100:160].all()
    assert not warp.occluded[:60].any()
    assert not warp.occluded[:, 190:].any()


@pytest.mark.parametrize("speed", [0.0, 0.05, 3.0])
def test_mark_moving_pixels_of_uniform_speed_marks_none(speed):
    residual = np.full((HEIGHT, WIDTH), speed, np.float32)
    warp = mark_moving_pixels(still_warp((2 * HEIGHT, 2 * WIDTH)), residual)
    assert not warp.occluded.any()


def test_tracker_estimates_residual_from_second_frame():
    tracker = Tracker(TrackingOptions())
    first, second = (RGBDFrame(texture_window(100, left)) for left in (100, 104))
    assert tracker.prepare(first).residual is None
    residual = tracker.prepare(second).residual
    assert residual.shape == (HEIGHT, WIDTH)
    assert np.median(residual) < 0.5
