from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moving_scene import DISTANCE, HEIGHT, STEP, WIDTH, wall_frame
from scenerep_training.evaluation.label_propagation.warping import estimate_backward_warp
from scipy.spatial.transform import Rotation

from scenerep_ros.frames import RGBDFrame

ROWS, COLUMNS = np.indices((HEIGHT, WIDTH))


def test_estimate_backward_warp_with_pose_is_exact():
    warp = estimate_backward_warp(wall_frame(0), wall_frame(1))
    assert warp.is_geometric
    np.testing.assert_array_equal(warp.visible, COLUMNS + STEP < WIDTH)
    np.testing.assert_array_equal(warp.rows[warp.visible], ROWS[warp.visible])
    np.testing.assert_array_equal(warp.columns[warp.visible], COLUMNS[warp.visible] + STEP)


def test_estimate_backward_warp_marks_disoccluded_pixels_invisible():
    last = wall_frame(0)
    last.depth[20:40, 30:50] = 1.0  # an object in front of the wall
    visible = estimate_backward_warp(last, wall_frame(1)).visible
    expected = COLUMNS + STEP < WIDTH
    expected[20:40, 30 - STEP : 50 - STEP] = False
    np.testing.assert_array_equal(visible, expected)


def test_estimate_backward_warp_marks_missing_depth_invisible():
    last, current = wall_frame(0), wall_frame(1)
    current.depth[:10] = np.nan
    last.depth[-10:] = np.nan
    visible = estimate_backward_warp(last, current).visible
    assert not visible[:10].any()
    assert not visible[-10:].any()
    assert visible[10:-10, :-STEP].all()


@pytest.mark.parametrize("missing", ["pose", "depth", "intrinsics"])
def test_estimate_backward_warp_without_geometry_uses_optical_flow(missing):
    last, current = (replace(wall_frame(index), **{missing: None}) for index in (0, 1))
    warp = estimate_backward_warp(last, current)
    assert not warp.is_geometric
    inner = warp.visible[5:-5, 5 : -5 - STEP]
    assert inner.mean() > 0.98
    is_exact = (warp.columns == COLUMNS + STEP) & (warp.rows == ROWS)
    assert is_exact[warp.visible].mean() > 0.97
    assert warp.visible[:, WIDTH - STEP + 1 :].mean() < 0.2


def test_estimate_backward_warp_rejects_inconsistent_flow():
    noise = np.random.default_rng(0).integers(0, 255, (2, HEIGHT, WIDTH, 3), np.uint8)
    warp = estimate_backward_warp(*(RGBDFrame(color) for color in noise))
    assert warp.visible.mean() < 0.2


@given(
    st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    st.lists(st.floats(-9, 9), min_size=3, max_size=3),
)
def test_estimate_backward_warp_of_static_camera_is_identity(rotation, position):
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_rotvec(rotation).as_matrix()
    pose[:3, 3] = position
    frame = replace(wall_frame(0), pose=pose)
    warp = estimate_backward_warp(frame, frame)
    assert warp.visible.all()
    np.testing.assert_array_equal(warp.columns, COLUMNS)
    np.testing.assert_array_equal(warp.rows, ROWS)


def test_estimate_backward_warp_of_forward_motion_scales_image():
    last, current = wall_frame(0), wall_frame(0)
    current.pose[2, 3] = DISTANCE / 2
    current.depth[:] = DISTANCE / 2
    warp = estimate_backward_warp(last, current)
    assert warp.visible.all()
    assert (warp.rows.min(), warp.rows.max()) == (24, 71)
    assert (warp.columns.min(), warp.columns.max()) == (32, 95)


def test_estimate_backward_warp_of_different_sizes_is_unknown():
    small = RGBDFrame(wall_frame(0).color[:50])
    assert not estimate_backward_warp(small, wall_frame(1)).visible.any()


def test_estimate_backward_warp_of_tiny_images_is_unknown():
    tiny = RGBDFrame(wall_frame(0).color[:8, :8])
    assert not estimate_backward_warp(tiny, tiny).visible.any()
