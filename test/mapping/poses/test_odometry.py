"""Camera poses from the frames alone, on the embedded sequence with its true poses."""

from dataclasses import replace

import numpy as np
import pytest

from scenerep_ros.mapping.poses.odometry import Odometry, inverse, measure_agreement
from scenerep_ros.mapping.poses.pose_gate import motion_between
from scenerep_ros.sources import open_source

pytest.importorskip("open3d", reason="the extra `map` is not installed")


@pytest.fixture(scope="module")
def frames(tabletop_folder):
    source = open_source(tabletop_folder)
    return [source[index] for index in range(0, 60, 4)]


def without_pose(frame):
    return replace(frame, pose=None)


def unrelated(frame):
    """Return a frame of noise at a constant depth."""
    color = np.random.default_rng(0).integers(0, 255, frame.color.shape, np.uint8)
    return replace(frame, color=color, depth=np.full(frame.shape, 3.0, np.float32), pose=None)


def errors(poses, frames):
    """Return distance [m] and angle [deg] of each pose, in the world of the first frame."""
    world = frames[0].pose @ inverse(poses[0])
    return np.array(
        [
            motion_between(frame.pose, world @ pose)
            for frame, pose in zip(frames, poses, strict=True)
        ]
    )


def test_odometry_follows_the_true_trajectory(frames):
    odometry = Odometry()
    poses = [odometry(without_pose(frame)).pose for frame in frames]
    distance, angle_deg = errors(poses, frames).max(axis=0)
    assert distance < 0.03
    assert angle_deg < 2.5
    assert odometry.report.losses == 0
    assert odometry.report.mean_health > 0.8


def test_odometry_without_a_common_surface_is_lost(frames):
    odometry = Odometry()
    odometry(without_pose(frames[0]))
    assert odometry(unrelated(frames[1])).pose is None
    assert odometry.health == 0
    assert odometry.report.losses == 1


def test_odometry_finds_a_lost_pose_again_at_a_seen_place(frames):
    odometry = Odometry()
    poses = [odometry(without_pose(frame)).pose for frame in frames[:8]]
    for frame in frames[8:11]:
        assert odometry(unrelated(frame)).pose is None
    poses.append(odometry(without_pose(frames[2])).pose)
    distance, angle_deg = errors(poses, [*frames[:8], frames[2]])[-1]
    assert distance < 0.03
    assert angle_deg < 2.5
    assert (odometry.report.losses, odometry.report.relocalizations) == (1, 1)
    assert odometry.report.lost_frames == 3


def test_frame_without_depth_has_no_pose(frames):
    assert Odometry()(replace(frames[0], depth=None)).pose is None


def test_agreement_is_high_at_the_true_motion_only(frames):
    first, second = frames[0], frames[2]
    motion = inverse(second.pose) @ first.pose
    health, overlap = measure_agreement(first, second, motion)
    assert health > 0.9
    assert overlap > 0.6
    shifted = motion.copy()
    shifted[2, 3] += 0.3
    assert measure_agreement(first, second, shifted)[0] < 0.3


def test_cleared_odometry_starts_a_new_world(frames):
    odometry = Odometry()
    for frame in frames[:3]:
        odometry(without_pose(frame))
    odometry.clear(is_lost=False)
    np.testing.assert_array_equal(odometry(without_pose(frames[3])).pose, np.eye(4))


def test_odometry_lost_in_another_world_waits_for_a_pose(frames):
    odometry = Odometry()
    odometry(without_pose(frames[0]))
    odometry.clear(is_lost=True)
    assert odometry(without_pose(frames[1])).pose is None
    odometry.restart(frames[2], frames[2].pose)
    distance, _ = motion_between(odometry(without_pose(frames[3])).pose, frames[3].pose)
    assert distance < 0.03
