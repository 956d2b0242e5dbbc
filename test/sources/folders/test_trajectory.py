"""Interpolation of camera poses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from scenerep_ros.sources.folders.trajectory import CONSTANTS, Trajectory

EPOCH = 1_305_031_229_000_000_000
STEP = 10_000_000


def rotating(angle):
    """Return a trajectory of one translation step and a rotation about z."""
    rotations = Rotation.from_rotvec([[0, 0, 0], [0, 0, angle]])
    positions = np.array([[0.0, 0, 0], [1, 2, 3]])
    return Trajectory(np.array([EPOCH, EPOCH + STEP]), positions, rotations.as_quat())


@given(st.floats(-3, 3), st.integers(0, STEP))
def test_trajectory_interpolates_position_and_rotation_linearly(angle, elapsed):
    fraction = elapsed / STEP
    pose = rotating(angle).interpolate(EPOCH + elapsed)
    np.testing.assert_allclose(pose[:3, 3], fraction * np.array([1, 2, 3]), atol=1e-9)
    expected = Rotation.from_euler("z", fraction * angle).as_matrix()
    np.testing.assert_allclose(pose[:3, :3], expected, atol=1e-7)


def test_trajectory_outside_and_in_long_gaps_returns_none():
    trajectory = rotating(1.0)
    assert trajectory.interpolate(EPOCH - 1) is None
    assert trajectory.interpolate(EPOCH + STEP + 1) is None
    stamps = np.array([0, CONSTANTS.max_gap_ns + 1, CONSTANTS.max_gap_ns + 2])
    gap = Trajectory(stamps, np.zeros((3, 3)), np.tile([0.0, 0, 0, 1], (3, 1)))
    assert gap.interpolate(5) is None
    assert gap.interpolate(CONSTANTS.max_gap_ns + 2) is not None


def test_trajectory_ignores_order_and_repetition_of_stamps():
    stamps = np.array([EPOCH + STEP, EPOCH, EPOCH])
    positions = np.array([[1.0, 2, 3], [0, 0, 0], [9, 9, 9]])
    trajectory = Trajectory(stamps, positions, np.tile([0.0, 0, 0, 2], (3, 1)))
    np.testing.assert_allclose(trajectory.interpolate(EPOCH + STEP // 2)[:3, 3], [0.5, 1, 1.5])


def test_trajectory_of_one_pose_is_rejected():
    with pytest.raises(ValueError, match=r"at least two|2 rotations"):
        Trajectory(np.arange(1), np.zeros((1, 3)), np.array([[0.0, 0, 0, 1]]))


@pytest.mark.parametrize("lost", [[np.inf, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0]])
def test_trajectory_beside_lost_tracking_returns_none(lost):
    poses = np.array([[0.0, 0, 0, 0, 0, 0, 1], lost, [1.0, 0, 0, 0, 0, 0, 1]])
    trajectory = Trajectory(np.array([0, 10, 20]), poses[:, :3], poses[:, 3:])
    is_known = [trajectory.interpolate(stamp) is not None for stamp in (0, 5, 10, 15, 20)]
    assert is_known == [True, False, False, False, True]
