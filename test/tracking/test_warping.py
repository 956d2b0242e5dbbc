"""Backward warp between two frames, by flow or by depth and pose."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.frames import KINECT, RGBDFrame
from scenerep_ros.ops.working_grid import working_grid_step
from scenerep_ros.tracking.warping import (
    BackwardWarp,
    GridFrame,
    estimate_backward_warp,
    warp_by_flow,
    working_grid_slices,
)

SHAPE = (480, 640)
COLUMNS, ROWS = np.meshgrid(np.arange(320.0), np.arange(240.0))
"""Working-grid coordinates of an image of 640x480."""
ZERO_FLOW = np.zeros((120, 160, 2), np.float32)
WALL = np.full(SHAPE, 2.0)


def depth_frame(depth: np.ndarray, x: float = 0.0) -> RGBDFrame:
    """Frame of a camera at x [m] that looks along z, with depth [m]."""
    pose = np.eye(4)
    pose[0, 3] = x
    color = np.zeros((*SHAPE, 3), np.uint8)
    return RGBDFrame(color, depth.astype(np.float32), KINECT, pose=pose)


def estimate_warp(flow: np.ndarray, previous: RGBDFrame, current: RGBDFrame) -> BackwardWarp:
    by_flow = warp_by_flow(flow, current.shape)
    return estimate_backward_warp(by_flow, GridFrame(previous), GridFrame(current))


def test_estimate_backward_warp_translated_camera_shifts_by_disparity():
    warp = estimate_warp(ZERO_FLOW, depth_frame(WALL), depth_frame(WALL, x=0.08))
    disparity = 0.08 * KINECT.fx / 2 / 2  # working-grid pixels are 2 px wide, the wall is 2 m away
    np.testing.assert_allclose(warp.u, COLUMNS + disparity, rtol=1e-4)
    np.testing.assert_allclose(warp.v, ROWS, atol=1e-3)
    assert not warp.occluded.any()


def test_disoccluded_translated_camera_marks_entering_columns():
    warp = estimate_warp(ZERO_FLOW, depth_frame(WALL), depth_frame(WALL, x=0.08))
    assert warp.disoccluded[:, 310:].all()
    assert not warp.disoccluded[:, :309].any()


def test_estimate_backward_warp_removed_occluder_marks_its_pixels():
    occluder = WALL.copy()
    occluder[100:200, 100:200] = 1.0
    warp = estimate_warp(ZERO_FLOW, depth_frame(occluder), depth_frame(WALL))
    expected = np.zeros((240, 320), np.bool_)
    expected[50:100, 50:100] = True
    np.testing.assert_array_equal(warp.occluded, expected)
    np.testing.assert_array_equal(warp.disoccluded, expected)


def test_estimate_backward_warp_without_depth_follows_flow():
    flow = np.full((120, 160, 2), (-3, 2), np.float32)
    frame = RGBDFrame(np.zeros((*SHAPE, 3), np.uint8))
    warp = estimate_warp(flow, frame, frame)
    np.testing.assert_allclose(warp.u, COLUMNS - 6, atol=1e-4)
    np.testing.assert_allclose(warp.v, ROWS + 4, atol=1e-4)
    assert not warp.occluded.any()


@pytest.mark.parametrize("missing", ["depth", "intrinsics", "pose"])
def test_estimate_backward_warp_incomplete_frame_uses_flow(missing):
    flow = np.full((120, 160, 2), (-3, 2), np.float32)
    previous, current = depth_frame(WALL), depth_frame(WALL, x=0.08)
    incomplete = replace(current, **{missing: None})
    for frames in ((previous, incomplete), (incomplete, current)):
        warp = estimate_warp(flow, *frames)
        np.testing.assert_allclose(warp.u, COLUMNS - 6, atol=1e-4)


def test_estimate_backward_warp_hole_in_depth_uses_flow():
    flow = np.full((120, 160, 2), (-3, 0), np.float32)
    holed = WALL.copy()
    holed[:, :320] = np.nan
    warp = estimate_warp(flow, depth_frame(WALL), depth_frame(holed))
    np.testing.assert_allclose(warp.u[:, :160], COLUMNS[:, :160] - 6, atol=1e-4)
    np.testing.assert_allclose(warp.u[:, 160:], COLUMNS[:, 160:], atol=1e-3)
    assert not warp.occluded.any()


def test_disoccluded_marks_pixels_outside_by_half_a_pixel():
    u = np.array([[-0.6, -0.4, 1.4, 1.6]] * 2, np.float32)
    warp = BackwardWarp(u, np.zeros_like(u), np.zeros(u.shape, np.bool_))
    assert warp.disoccluded[0].tolist() == [True, False, False, False]
    vertical = BackwardWarp(np.zeros_like(u), u, np.zeros(u.shape, np.bool_))
    assert vertical.disoccluded[0].tolist() == [True, False, False, True]


@given(st.integers(2, 3000), st.integers(2, 3000))
def test_working_grid_samples_every_image(height, width):
    rows, columns = working_grid_slices((height, width))
    step = working_grid_step((height, width))
    assert abs(len(range(height)[rows]) - height / step) < 1
    assert abs(len(range(width)[columns]) - width / step) < 1
    assert len(range(height)[rows]) >= 1
