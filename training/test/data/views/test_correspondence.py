"""Tests of correspondences against homographies of a plane and optical flow."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moving_scene import STEP, WIDTH, wall_frame
from scenerep_training.data.views.correspondence import find_correspondences
from scenerep_training.data.views.positions import pixel_grid
from scipy.spatial.transform import Rotation

from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.sources import open_source

CAMERA = Intrinsics(60.0, 55.0, 31.0, 24.5)
SHAPE = 48, 64

rotations = st.lists(st.floats(-0.15, 0.15), min_size=3, max_size=3)
translations = st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=3)


def make_pose(rotation, translation):
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_rotvec(rotation).as_matrix()
    pose[:3, 3] = translation
    return pose


def plane_frame(camera_to_world):
    """Return a frame of the plane z = 2 in the world."""
    grid = pixel_grid(SHAPE)
    rays = np.stack(
        [
            (grid[..., 0] - CAMERA.cx) / CAMERA.fx,
            (grid[..., 1] - CAMERA.cy) / CAMERA.fy,
            np.ones(SHAPE),
        ],
        axis=-1,
    )
    depth = (2 - camera_to_world[2, 3]) / (rays @ camera_to_world[2, :3])
    color = np.zeros((*SHAPE, 3), np.uint8)
    return RGBDFrame(color, depth.astype(np.float32), CAMERA, pose=camera_to_world)


def plane_homography(first, second):
    """Return the homography of the plane between two poses (Hartley and Zisserman, ch. 13)."""
    k = np.array([[CAMERA.fx, 0, CAMERA.cx], [0, CAMERA.fy, CAMERA.cy], [0, 0, 1]])
    motion = np.linalg.inv(second) @ first
    normal = first[2, :3]  # of the plane n.x = d, in the first camera
    distance = 2 - first[2, 3]
    return k @ (motion[:3, :3] + np.outer(motion[:3, 3], normal) / distance) @ np.linalg.inv(k)


@given(rotations, translations, rotations, translations)
def test_correspondences_of_plane_equal_homography(
    rotation, translation, other_rotation, other_translation
):
    first, second = make_pose(rotation, translation), make_pose(other_rotation, other_translation)
    grid = pixel_grid(SHAPE)
    corresponding = find_correspondences(plane_frame(first), plane_frame(second), grid)
    homography = plane_homography(first, second)
    expected = cv2.perspectiveTransform(grid.reshape(-1, 1, 2), homography).reshape(grid.shape)
    limits = np.array(SHAPE[::-1]) - 0.5
    margin = 0.01
    inside = ((expected > -0.5 + margin) & (expected < limits - margin)).all(axis=-1)
    outside = ((expected < -0.5 - margin) | (expected > limits + margin)).any(axis=-1)
    np.testing.assert_allclose(corresponding[inside], expected[inside], atol=5e-3)
    assert np.isnan(corresponding[outside]).all()


@given(rotations, translations, st.integers(0, 2**31))
def test_correspondences_back_and_forth_are_identity(rotation, translation, seed):
    first, second = plane_frame(np.eye(4)), plane_frame(make_pose(rotation, translation))
    positions = np.random.default_rng(seed).uniform(0, 47, (50, 2)).astype(np.float32)
    forward = find_correspondences(first, second, positions)
    is_visible = np.isfinite(forward).all(axis=-1)
    backward = find_correspondences(second, first, forward[is_visible])
    is_known = np.isfinite(backward).all(axis=-1)
    assert is_known.mean() > 0.9 or is_visible.sum() < 10
    np.testing.assert_allclose(backward[is_known], positions[is_visible][is_known], atol=0.2)


def test_correspondences_of_occluded_or_unmeasured_points_are_nan():
    first, second = wall_frame(1), wall_frame(0)
    second.depth[20:40, 30:50] = 1.0  # an occluder before the wall
    first.depth[:10] = np.nan
    corresponding = find_correspondences(first, second, pixel_grid(first.shape))
    expected = pixel_grid(first.shape) + np.float32([STEP, 0])
    expected[:10] = expected[20:40, 30 - STEP : 50 - STEP] = expected[:, WIDTH - STEP :] = np.nan
    np.testing.assert_allclose(corresponding, expected, atol=1e-3)


@pytest.mark.parametrize("lacking", ["pose", "depth", "intrinsics"])
def test_correspondences_without_geometry_are_nan(lacking):
    first, second = wall_frame(1), replace(wall_frame(0), **{lacking: None})
    assert np.isnan(find_correspondences(first, second, pixel_grid(first.shape))).all()


def test_correspondences_of_real_frames_agree_with_flow(real_data):
    recording = open_source(real_data("tum_fr1_rpy"))
    for index in (3, 21, 39, 57):
        first, second = recording[index], recording[index + 2]
        grid = pixel_grid(first.shape)
        corresponding = find_correspondences(first, second, grid)
        gray = [cv2.cvtColor(frame.color, cv2.COLOR_RGB2GRAY) for frame in (first, second)]
        estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        flow = estimator.calc(*gray, np.zeros_like(grid))
        is_known = np.isfinite(corresponding).all(axis=-1)
        assert is_known.mean() > 0.4
        error = np.median(np.linalg.norm(corresponding - grid - flow, axis=-1)[is_known])
        motion = np.median(np.linalg.norm(flow, axis=-1)[is_known])
        assert error < 5  # the clocks of poses and camera differ slightly
        assert error < 0.1 * motion
