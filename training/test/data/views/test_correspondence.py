from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moving_scene import STEP, WIDTH, wall_frame
from scenerep_training.data.views.correspondence import correspondences
from scenerep_training.data.views.positions import pixel_grid
from scipy.spatial.transform import Rotation

from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.sources import open_source

CAMERA = Intrinsics(60.0, 55.0, 31.0, 24.5)
SHAPE = 48, 64

turns = st.lists(st.floats(-0.15, 0.15), min_size=3, max_size=3)
moves = st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=3)


def pose(turn, move):
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(turn).as_matrix()
    matrix[:3, 3] = move
    return matrix


def plane_frame(camera_to_world):
    """The plane z = 2 of the world, as a camera sees it."""
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


def homography(first, second):
    """What a plane's pixels do between two views: the oracle (Hartley and Zisserman, ch. 13)."""
    k = np.array([[CAMERA.fx, 0, CAMERA.cx], [0, CAMERA.fy, CAMERA.cy], [0, 0, 1]])
    motion = np.linalg.inv(second) @ first
    normal = first[2, :3]  # of the plane n.x = d, in the first camera
    distance = 2 - first[2, 3]
    return k @ (motion[:3, :3] + np.outer(motion[:3, 3], normal) / distance) @ np.linalg.inv(k)


@given(turns, moves, turns, moves)
def test_a_plane_moves_by_its_homography(turn, move, other_turn, other_move):
    first, second = pose(turn, move), pose(other_turn, other_move)
    grid = pixel_grid(SHAPE)
    found = correspondences(plane_frame(first), plane_frame(second), grid)
    expected = cv2.perspectiveTransform(grid.reshape(-1, 1, 2), homography(first, second))
    expected = expected.reshape(grid.shape)
    limits = np.array(SHAPE[::-1]) - 0.5
    margin = 0.01
    well_inside = ((expected > -0.5 + margin) & (expected < limits - margin)).all(axis=-1)
    outside = ((expected < -0.5 - margin) | (expected > limits + margin)).any(axis=-1)
    np.testing.assert_allclose(found[well_inside], expected[well_inside], atol=5e-3)
    assert np.isnan(found[outside]).all()


@given(turns, moves, st.integers(0, 2**31))
def test_there_and_back_ends_where_it_began(turn, move, seed):
    first, second = plane_frame(np.eye(4)), plane_frame(pose(turn, move))
    positions = np.random.default_rng(seed).uniform(0, 47, (50, 2)).astype(np.float32)
    there = correspondences(first, second, positions)
    seen = np.isfinite(there).all(axis=-1)
    back = correspondences(second, first, there[seen])
    known = np.isfinite(back).all(axis=-1)
    assert known.mean() > 0.9 or seen.sum() < 10
    np.testing.assert_allclose(back[known], positions[seen][known], atol=0.2)


def test_what_is_hidden_or_not_measured_is_nowhere():
    first, second = wall_frame(1), wall_frame(0)
    second.depth[20:40, 30:50] = 1.0  # something stands before the wall
    first.depth[:10] = np.nan
    found = correspondences(first, second, pixel_grid(first.shape))
    expected = pixel_grid(first.shape) + np.float32([STEP, 0])
    expected[:10] = expected[20:40, 30 - STEP : 50 - STEP] = expected[:, WIDTH - STEP :] = np.nan
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("lacking", ["pose", "depth", "intrinsics"])
def test_nothing_is_known_without(lacking):
    first, second = wall_frame(1), replace(wall_frame(0), **{lacking: None})
    assert np.isnan(correspondences(first, second, pixel_grid(first.shape))).all()


def test_real_frames_agree_with_optical_flow(real_data):
    recording = open_source(real_data("tum_fr1_rpy"))
    for index in (3, 21, 39, 57):
        first, second = recording[index], recording[index + 2]
        grid = pixel_grid(first.shape)
        found = correspondences(first, second, grid)
        grey = [cv2.cvtColor(frame.color, cv2.COLOR_RGB2GRAY) for frame in (first, second)]
        search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        flow = search.calc(*grey, np.zeros_like(grid))
        known = np.isfinite(found).all(axis=-1)
        assert known.mean() > 0.4
        error = np.median(np.linalg.norm(found - grid - flow, axis=-1)[known])
        motion = np.median(np.linalg.norm(flow, axis=-1)[known])
        assert error < 5  # the poses' clock is not quite the camera's
        assert error < 0.1 * motion
