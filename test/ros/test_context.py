"""Context of ROS in one process."""

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

import rclpy

from scenerep_ros.errors import ConfigError
from scenerep_ros.ros.context import ros_context


def test_ros_context_ends_with_its_body():
    with ros_context([]):
        assert rclpy.ok()
    assert not rclpy.ok()


def test_ros_context_of_invalid_arguments_raises():
    with pytest.raises(ConfigError, match="ROS arguments"), ros_context(["--ros-args", "-p", "x"]):
        pass
    assert not rclpy.ok()
