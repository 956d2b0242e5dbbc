"""Camera poses of RGB-D frames without poses: odometry against key frames, and its health."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.geometry import deproject
from scenerep_ros.mapping.poses.keyframes import Keyframe, Keyframes
from scenerep_ros.mapping.poses.pose_gate import motion_between
from scenerep_ros.mapping.poses.rgbd_motion import reduce_frame, relative_pose
from scenerep_ros.mapping.views.carving import look_up, surface_margin

Pose = NDArray[np.float64]

_NO_OVERLAP = 0.0  # constant: health without a common surface


@dataclass(frozen=True)
class OdometryConstants:
    """Tuned constants of the odometry."""

    step_px: int = tuned(
        2,
        "distance of the pixels that the health is measured on",
        unit="px",
        grid="image that motion is estimated at",
        set_on="argument: 4,800 pixels of 640x480",
    )
    min_health: float = tuned(
        0.6,
        "ratio of common pixels whose depth must agree",
        set_on="argument: at a wrong pose, surfaces agree by chance where the room is flat",
    )
    min_overlap: float = tuned(
        0.3,
        "ratio of the frame's pixels that the key frame must show",
        set_on="argument: below, few surfaces constrain the motion",
    )
    keyframe_distance_m: float = tuned(
        0.25, "distance from which the key frame changes", unit="m", set_on="argument: a small step"
    )
    keyframe_angle_deg: float = tuned(
        15.0,
        "angle from which the key frame changes",
        unit="deg",
        set_on="argument: a quarter of the field of view",
    )
    max_candidates: int = tuned(
        3,
        "number of key frames that a lost frame is compared with in detail",
        set_on="argument: neighbors on the trajectory show the same place",
    )


CONSTANTS = OdometryConstants()


@dataclass
class OdometryReport:
    """Counts of an odometry.

    Attributes:
        frames: number of frames.
        lost_frames: number of frames without a pose.
        losses: number of times that the pose was lost.
        relocalizations: number of times that it was found again.
        health_sum: sum of the health of the frames with a pose.
    """

    frames: int = 0
    lost_frames: int = 0
    losses: int = 0
    relocalizations: int = 0
    health_sum: float = 0.0

    @property
    def mean_health(self) -> float:
        """Mean health of the frames with a pose."""
        return self.health_sum / max(self.frames - self.lost_frames, 1)

    def __str__(self) -> str:
        """Format one line for the terminal."""
        return (
            f"odometry: mean health {self.mean_health:.2f}, lost {self.losses} times for "
            f"{self.lost_frames} of {self.frames} frames, found again {self.relocalizations} times"
        )


class Odometry:
    """Estimates the pose of each frame against a key frame.

    A frame is compared with a key frame instead of its predecessor, so errors add up with the
    number of key frames only, and a place that is seen again gets its old key frame. The world is
    the camera frame of the first frame.

    Attributes:
        report: counts so far.
        health: ratio of the last frame's pixels whose depth agrees with the key frame's.
    """

    def __init__(self) -> None:
        self.report = OdometryReport()
        self.health = _NO_OVERLAP
        self._keyframes = Keyframes()
        self._reference: Keyframe | None = None
        self._motion = np.eye(4)
        self._is_lost = False

    def __call__(self, frame: RGBDFrame) -> RGBDFrame:
        """Return the frame with its pose, or without one if the pose is lost.

        Raises:
            ConfigError: if Open3D cannot be imported.
        """
        if frame.depth is None or frame.intrinsics is None:
            return replace(frame, pose=None)
        pose = self._track(frame)
        self.report.frames += 1
        if pose is None:
            self.report.lost_frames += 1
            self.report.losses += not self._is_lost
        else:
            self.report.health_sum += self.health
            self.report.relocalizations += self._is_lost
        self._is_lost = pose is None
        return replace(frame, pose=pose)

    def restart(self, frame: RGBDFrame, pose: Pose) -> None:
        """Continue from a frame whose pose (4, 4) is known from elsewhere."""
        self._reference, self._motion = self._keyframes.add(frame, pose), np.eye(4)
        self.report.relocalizations += self._is_lost
        self._is_lost = False

    def clear(self, is_lost: bool) -> None:
        """Forget all key frames.

        Args:
            is_lost: whether there is another world from now on, such as that of a loaded map, in
                which `restart` must give a pose first. Otherwise the next frame is the new world.
        """
        self._keyframes, self._reference = Keyframes(), None
        self._is_lost = is_lost

    def _track(self, frame: RGBDFrame) -> Pose | None:
        if self._reference is None and not self._is_lost:
            self._reference = self._keyframes.add(frame, np.eye(4))
            self.health = 1.0
            return self._reference.pose
        reference = None if self._is_lost else self._reference
        if reference is not None and self._follow(frame, reference, self._motion):
            return self._pose(frame)
        candidates = self._keyframes.localize(frame)
        for keyframe, motion in islice(candidates, CONSTANTS.max_candidates):
            if self._follow(frame, keyframe, inverse(motion)):
                return self._pose(frame)
        self.health = _NO_OVERLAP
        return None

    def _follow(self, frame: RGBDFrame, keyframe: Keyframe, initial: Pose) -> bool:
        """Estimate the motion from a frame to a key frame; return whether it is plausible."""
        reduced = reduce_frame(frame)
        motion = relative_pose(reduced, keyframe.frame, initial)
        if motion is None:
            return False
        health, overlap = measure_agreement(reduced, keyframe.frame, motion)
        if health < CONSTANTS.min_health or overlap < CONSTANTS.min_overlap:
            return False
        self.health, self._reference, self._motion = health, keyframe, motion
        return True

    def _pose(self, frame: RGBDFrame) -> Pose:
        """Return the pose of a frame that was followed; change the key frame if it is far."""
        assert self._reference is not None
        pose = self._reference.pose @ self._motion
        limits = CONSTANTS.keyframe_distance_m, CONSTANTS.keyframe_angle_deg
        distance, angle_deg = motion_between(self._reference.pose, pose)
        if distance <= limits[0] and angle_deg <= limits[1]:
            return pose
        near = self._keyframes.near(pose, *limits)
        if near is not None and self._follow(frame, near, inverse(near.pose) @ pose):
            return near.pose @ self._motion
        self._reference, self._motion = self._keyframes.add(frame, pose), np.eye(4)
        return pose


def inverse(pose: Pose) -> Pose:
    """Return the inverse of a rigid transform (4, 4)."""
    result = np.eye(4)
    result[:3, :3] = pose[:3, :3].T
    result[:3, 3] = -pose[:3, :3].T @ pose[:3, 3]
    return result


def measure_agreement(first: RGBDFrame, second: RGBDFrame, motion: Pose) -> tuple[float, float]:
    """Compare the depth of two frames.

    Args:
        first: frame with depth and intrinsics.
        second: frame with depth and intrinsics.
        motion: (4, 4) transform of points from the first to the second camera.

    Returns:
        Ratio of the common pixels whose depth agrees, and ratio of the first frame's pixels that
        are common.
    """
    assert first.depth is not None
    assert second.depth is not None
    assert first.intrinsics is not None
    step = CONSTANTS.step_px
    intrinsics = first.intrinsics.subsampled(step)
    points = deproject(first.depth[::step, ::step], intrinsics).reshape(-1, 3)
    points = points[np.isfinite(points[:, 2])]
    moved = (points @ motion[:3, :3].T + motion[:3, 3]).astype(np.float32)
    measured, inside = look_up(second.depth[::step, ::step], moved, intrinsics)
    is_common = inside & (measured > 0)
    difference = np.abs(measured - moved[:, 2])
    is_equal = is_common & (difference < surface_margin(moved[:, 2]))
    common = int(is_common.sum())
    return float(is_equal.sum() / max(common, 1)), common / max(len(points), 1)
