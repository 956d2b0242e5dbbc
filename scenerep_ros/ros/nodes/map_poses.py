"""Camera poses for the map of the running node: from tf, or estimated."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import Protocol

from rclpy.node import Node

from scenerep_ros.config.options import MapNodeOptions
from scenerep_ros.errors import ConfigError, FrameError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.mapping.poses.odometry import Odometry
from scenerep_ros.mapping.poses.rgbd_motion import import_open3d
from scenerep_ros.ros.conversions.camera_messages import stamp_from_ns
from scenerep_ros.ros.transport.camera_poses import CameraPoses


class PoseProvider(Protocol):
    """Function that adds the pose to a frame, or leaves it None."""

    def __call__(self, frame: RGBDFrame, /) -> RGBDFrame:
        """Return the frame with its pose, camera to the fixed frame."""


def create_pose_provider(node: Node, options: MapNodeOptions) -> PoseProvider:
    """Return the source of poses: tf if it is selected or installed, else odometry.

    Raises:
        ConfigError: if the package that the poses need is missing.
    """
    has_tf = find_spec("tf2_ros") is not None
    if options.poses == "recorded" and not has_tf:
        raise ConfigError("map.poses recorded needs tf2_ros; install it, or select odometry")
    if options.poses != "odometry" and has_tf:
        return TfPoses(node, options.frame)
    import_open3d()
    return Odometry()


class TfPoses:
    """Poses from tf at the stamp of each frame; None where tf has none."""

    def __init__(self, node: Node, fixed_frame: str) -> None:
        self._poses = CameraPoses(node, fixed_frame)

    def __call__(self, frame: RGBDFrame) -> RGBDFrame:
        """Return the frame with its pose."""
        try:
            pose = self._poses.pose(frame.frame_id, stamp_from_ns(frame.stamp_ns))
        except FrameError:
            return replace(frame, pose=None)
        return replace(frame, pose=pose)

    def close(self) -> None:
        """Unsubscribe from tf."""
        self._poses.close()
