"""Plausibility of poses."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from scenerep_ros.mapping.poses.pose_gate import PoseGate, motion_between

PERIOD_NS = 33_000_000


def pose(x=0.0, turn_deg=0.0):
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("z", turn_deg, degrees=True).as_matrix()
    matrix[0, 3] = x
    return matrix


@pytest.mark.parametrize(("wrong", "is_accepted"), [(pose(2.0), False), (pose(0, 90), False)])
def test_gate_rejects_one_jump_and_accepts_the_next_pose(wrong, is_accepted):
    gate = PoseGate()
    assert gate.accepts(pose(), 0)
    assert gate.accepts(wrong, PERIOD_NS) is is_accepted
    assert gate.accepts(pose(0.02), 2 * PERIOD_NS)


def test_gate_accepts_any_motion_that_time_allows():
    gate = PoseGate()
    assert gate.accepts(pose(), 0)
    assert gate.accepts(pose(2.0, 120), 10**9)


def test_gate_accepts_a_jump_after_five_consistent_poses():
    gate = PoseGate()
    gate.accepts(pose(), 0)
    results = [gate.accepts(pose(2 + 0.01 * i), (i + 1) * PERIOD_NS) for i in range(7)]
    assert results == [False] * 5 + [True] * 2


def test_gate_never_confirms_poses_that_jump_each_time():
    gate = PoseGate()
    gate.accepts(pose(), 0)
    assert not any(gate.accepts(pose(3 + 2 * (i % 2)), (i + 1) * PERIOD_NS) for i in range(20))


def test_gate_rejects_poses_that_are_not_finite():
    assert not PoseGate().accepts(pose(np.nan), 0)


@pytest.mark.parametrize("turn_deg", [0.01, 1, 90, 179])
def test_motion_has_the_distance_and_the_angle(turn_deg):
    np.testing.assert_allclose(motion_between(pose(), pose(-2, turn_deg)), (2, turn_deg), rtol=1e-5)


def test_equal_rounded_rotations_have_no_angle():
    rounded = pose(turn_deg=20).round(3)
    assert motion_between(rounded, rounded) == (0, 0)
