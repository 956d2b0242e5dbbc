"""Tests of the pose estimation of RGB-D recordings without poses."""

from __future__ import annotations

import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
from clips import write_images
from layouts import square_mask, write_tum
from moving_scene import wall_frame
from scenerep_training.data import odometry
from scenerep_training.data.odometry import estimate_poses, relative_pose, with_odometry
from scenerep_training.data.recordings import open_recordings
from scenerep_training.data.views.correspondence import find_correspondences
from scenerep_training.data.views.positions import pixel_grid
from scipy.spatial.transform import Rotation

from scenerep_ros.errors import ConfigError, FrameError
from scenerep_ros.sources import open_source


@pytest.fixture
def open3d():
    """Skip the test if Open3D cannot be imported."""
    try:
        import open3d  # noqa: F401
    except (ImportError, OSError) as error:
        pytest.skip(f"Open3D cannot be imported: {error}")


class WallRecording:
    """Six frames along a wall, of which frame 2 is unreadable."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        if index == 2:
            raise FrameError("frame 2: damaged")
        return wall_frame(index)


def exact_motion(first, second):
    """Return the true motion, except after frame 3, where the estimation fails."""
    fails = first.pose[0, 3] == wall_frame(3).pose[0, 3]
    return None if fails else np.linalg.inv(second.pose) @ first.pose


def test_estimate_poses_chains_motions(monkeypatch):
    monkeypatch.setattr(odometry, "relative_pose", exact_motion)
    poses = estimate_poses(WallRecording())
    for index in (0, 1, 3):
        np.testing.assert_allclose(poses[index], wall_frame(index).pose, atol=1e-12)
    assert np.isnan(poses[2]).all()
    motion = np.linalg.inv(poses[4]) @ poses[5]
    np.testing.assert_allclose(motion, np.linalg.inv(wall_frame(4).pose) @ wall_frame(5).pose)


def test_estimate_poses_separates_trajectories_after_failure(monkeypatch):
    monkeypatch.setattr(odometry, "relative_pose", exact_motion)
    poses = estimate_poses(WallRecording())
    grid = pixel_grid(wall_frame(0).shape)
    same_trajectory, other_trajectory = (
        find_correspondences(*(replace(wall_frame(i), pose=poses[i]) for i in pair), grid)
        for pair in ((1, 3), (3, 4))
    )
    assert np.isfinite(same_trajectory).mean() > 0.9
    assert np.isnan(other_trajectory).all()


def test_open_recordings_estimates_poses_once(tmp_path, monkeypatch):
    path = write_tum(tmp_path / "tum", [square_mask(1)] * 3)
    motion = np.eye(4)
    motion[0, 3] = -0.1
    monkeypatch.setattr(odometry, "relative_pose", lambda first, second: motion)
    source = open_recordings([path], odometry=True).sources[0]
    np.testing.assert_allclose([frame.pose[0, 3] for frame in source], [0, 0.1, 0.2])
    monkeypatch.setattr(odometry, "relative_pose", pytest.fail)
    cached = open_recordings([path], odometry=True).sources[0]
    np.testing.assert_array_equal(cached[2].pose, source[2].pose)
    assert open_recordings([path]).sources[0][0].pose is None


def test_with_odometry_keeps_recordings_with_poses_or_without_depth(
    tmp_path, tabletop, monkeypatch
):
    monkeypatch.setattr(odometry, "relative_pose", pytest.fail)
    for path in (tabletop, write_images(tmp_path / "images")):
        source = open_source(path)
        assert with_odometry(source, path) is source


def test_relative_pose_without_open3d_names_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "open3d", None)
    with pytest.raises(ConfigError, match=r"pip install .scenerep_ros\[map\]"):
        relative_pose(wall_frame(0), wall_frame(1))


def test_relative_pose_of_real_frames_agrees_with_ground_truth(open3d, real_data):
    recording = open_source(real_data("tum_fr1_rpy"))
    flow_errors = []
    for index in (12, 30, 39, 66):
        first, second = recording[index], recording[index + 1]
        motion = relative_pose(first, second)
        error = np.linalg.inv(second.pose) @ first.pose @ np.linalg.inv(motion)
        assert np.degrees(Rotation.from_matrix(error[:3, :3]).magnitude()) < 1
        assert np.linalg.norm(error[:3, 3]) < 0.02
        grid = pixel_grid(first.shape)
        reprojected = find_correspondences(
            replace(first, pose=motion), replace(second, pose=np.eye(4)), grid
        )
        gray = [cv2.cvtColor(frame.color, cv2.COLOR_RGB2GRAY) for frame in (first, second)]
        estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        flow = estimator.calc(*gray, np.zeros_like(grid))
        flow_errors.append(np.nanmedian(np.linalg.norm(reprojected - grid - flow, axis=-1)))
    assert max(flow_errors) < 3.5
    assert np.median(flow_errors) < 2
