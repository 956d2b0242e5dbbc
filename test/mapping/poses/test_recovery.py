"""Recovery of lost poses."""

import numpy as np
from box_world import make_frame, orbit

from scenerep_ros.mapping.poses.recovery import CONSTANTS, PoseRecovery

POSE = orbit(1)[0]


def test_frame_with_a_pose_is_unchanged():
    frame, scene = make_frame([], POSE)
    recovery = PoseRecovery(lambda *_: None)
    assert recovery(frame, scene) is frame
    assert recovery.recovered == 0


def test_one_of_several_lost_frames_is_relocalized():
    calls = []
    recovery = PoseRecovery(lambda *arguments: calls.append(arguments))
    frame, scene = make_frame([], POSE, known_pose=None)
    for _ in range(2 * CONSTANTS.period):
        assert recovery(frame, scene).pose is None
    assert len(calls) == 2


def test_found_pose_is_added_and_restarts_the_odometry():
    restarts = []
    recovery = PoseRecovery(lambda *_: POSE, lambda _, pose: restarts.append(pose))
    frame, scene = make_frame([], POSE, known_pose=None)
    np.testing.assert_array_equal(recovery(frame, scene).pose, POSE)
    assert len(restarts) == recovery.recovered == 1
