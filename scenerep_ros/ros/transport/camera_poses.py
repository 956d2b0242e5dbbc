"""Poses of the camera from tf2, which is imported only if a target frame is set."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from scipy.spatial.transform import Rotation

from scenerep_ros.errors import ConfigError, FrameError
from scenerep_ros.ros.conversions.camera_messages import stamp_to_ns


class CameraPoses:
    """Looks up the pose of the camera in a fixed frame, at the stamp of an image.

    Args:
        node: node that subscribes to tf; another thread than that of `pose` executes it.
        target_frame: name of the fixed frame.

    Raises:
        ConfigError: if tf2_ros is not installed.
    """

    def __init__(self, node: Node, target_frame: str) -> None:
        if find_spec("tf2_ros") is None:
            raise ConfigError(
                f"option target_frame = {target_frame!r}: needs tf2_ros, which is not installed: "
                "sudo apt install ros-$ROS_DISTRO-tf2-ros-py; or leave target_frame empty"
            )
        from tf2_ros import Buffer, TransformListener

        self._target_frame = target_frame
        # With the node, Buffer would create a service that nothing destroys, and wait in its clock,
        # which stands still under use_sim_time while nothing is replayed.
        self._buffer = Buffer()
        self._latest_ns = 0
        self._listener = TransformListener(self._buffer, node)

    def close(self) -> None:
        """Unsubscribe from tf."""
        self._listener.unregister()

    def pose(self, frame_id: str, stamp: Time) -> NDArray[np.float64]:
        """Return the transform from the camera to the target frame, (4, 4) float64.

        Raises:
            FrameError: if tf does not contain it in time.
        """
        from tf2_ros import TransformException

        self._clear_at_time_jump(stamp_to_ns(stamp))
        timeout = Duration(seconds=TF_TIMEOUT_S)
        try:
            found = self._buffer.lookup_transform(self._target_frame, frame_id, stamp, timeout)
        except (TransformException, ValueError) as error:
            raise FrameError(
                f"tf from {frame_id} to {self._target_frame}: {error}; check the names (ros2 run "
                "tf2_tools view_frames) and the publisher of tf"
            ) from None
        return matrix_of(found.transform)

    def _clear_at_time_jump(self, stamp_ns: int) -> None:
        """Forget all transforms but static ones, as tf2 ignores those of ten seconds before."""
        if stamp_ns < self._latest_ns:
            self._buffer.clear()
        self._latest_ns = stamp_ns


TF_TIMEOUT_S = 0.1  # constant: a robot's tf has 10 Hz or more
"""Time for which a frame waits for the transform of its stamp [s]."""


def matrix_of(transform: Any) -> NDArray[np.float64]:
    """Convert a geometry_msgs/Transform to (4, 4) float64."""
    rotation, translation = transform.rotation, transform.translation
    matrix = np.eye(4)
    quaternion = [rotation.x, rotation.y, rotation.z, rotation.w]
    matrix[:3, :3] = Rotation.from_quat(quaternion).as_matrix()
    matrix[:3, 3] = translation.x, translation.y, translation.z
    return matrix
