"""Poses between poses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from scenerep_ros.sources.folders.trajectory import MAX_GAP_NS, Trajectory

EPOCH = 1_305_031_229_000_000_000
STEP = 10_000_000


def turning(angle):
    """One step forward while turning about z."""
    rotations = Rotation.from_rotvec([[0, 0, 0], [0, 0, angle]])
    positions = np.array([[0.0, 0, 0], [1, 2, 3]])
    return Trajectory(np.array([EPOCH, EPOCH + STEP]), positions, rotations.as_quat())


@given(st.floats(-3, 3), st.integers(0, STEP))
def test_position_and_angle_grow_evenly(angle, elapsed):
    share = elapsed / STEP
    pose = turning(angle).pose(EPOCH + elapsed)
    np.testing.assert_allclose(pose[:3, 3], share * np.array([1, 2, 3]), atol=1e-9)
    expected = Rotation.from_euler("z", share * angle).as_matrix()
    np.testing.assert_allclose(pose[:3, :3], expected, atol=1e-7)


def test_nothing_is_known_outside_and_in_gaps():
    trajectory = turning(1.0)
    assert trajectory.pose(EPOCH - 1) is None
    assert trajectory.pose(EPOCH + STEP + 1) is None
    stamps = np.array([0, MAX_GAP_NS + 1, MAX_GAP_NS + 2])
    gap = Trajectory(stamps, np.zeros((3, 3)), np.tile([0.0, 0, 0, 1], (3, 1)))
    assert gap.pose(5) is None
    assert gap.pose(MAX_GAP_NS + 2) is not None


def test_order_and_repetition_do_not_matter():
    stamps = np.array([EPOCH + STEP, EPOCH, EPOCH])
    positions = np.array([[1.0, 2, 3], [0, 0, 0], [9, 9, 9]])
    trajectory = Trajectory(stamps, positions, np.tile([0.0, 0, 0, 2], (3, 1)))
    np.testing.assert_allclose(trajectory.pose(EPOCH + STEP // 2)[:3, 3], [0.5, 1, 1.5])


@pytest.mark.parametrize(
    ("positions", "quaternion"),
    [([[0.0, 0, 0]], [0.0, 0, 0, 1]), ([[0.0, 0, 0], [1, np.inf, 0]], [0.0, 0, 0, 1])],
)
def test_unusable_poses_are_refused(positions, quaternion):
    count = len(positions)
    with pytest.raises(ValueError, match=r"finite|at least two|2 rotations"):
        Trajectory(np.arange(count), np.array(positions), np.tile(quaternion, (count, 1)))
