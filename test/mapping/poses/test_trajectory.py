"""Bounded list of poses."""

import numpy as np

from scenerep_ros.mapping.poses.trajectory import CONSTANTS, Trajectory


def pose_at(index):
    pose = np.eye(4)
    pose[0, 3] = index
    return pose


def test_trajectory_returns_stamps_and_poses_in_order():
    trajectory = Trajectory(np.array([5]), pose_at(5)[None])
    trajectory.add(6, pose_at(6))
    assert trajectory.stamps_ns.tolist() == [5, 6]
    assert trajectory.poses[:, 0, 3].tolist() == [5, 6]


def test_long_trajectory_is_thinned_and_spans_the_whole_time():
    trajectory, pose = Trajectory(), np.eye(4)
    count = CONSTANTS.max_poses + 100
    for index in range(count):
        trajectory.add(index, pose)
    assert len(trajectory) <= CONSTANTS.max_poses
    assert len(trajectory) + trajectory.dropped == count
    assert trajectory.stamps_ns[0] == 0
    assert trajectory.stamps_ns[-1] == count - 1
    assert np.diff(trajectory.stamps_ns).max() == 2
