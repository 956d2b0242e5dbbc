"""Names of the camera topics in namespaces and after remapping."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

import rclpy

from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.errors import ConfigError
from scenerep_ros.ros.transport.topic_names import color_topic, depth_topic, resolve_topics


@pytest.mark.parametrize(
    ("topic", "resolved"),
    [
        ("camera/image", "/robot/camera/image"),
        ("/camera/image", "/camera/image"),
        ("eye", "/robot/left/image_raw"),
    ],
)
def test_topics_follow_namespace_and_remapping(ros_context, topic, resolved):
    node = rclpy.create_node(
        "eyes", namespace="/robot", cli_args=["--ros-args", "-r", "eye:=left/image_raw"]
    )
    config = NodeConfig(color_topic=topic, depth_topic="", transport="compressed")
    names = resolve_topics(node, config)
    assert color_topic(names) == f"{resolved}/compressed"
    assert depth_topic(names) == ""
    node.destroy_node()


@pytest.mark.parametrize(
    ("option", "topic"),
    [
        ("color_topic", ""),
        ("depth_topic", "front camera/depth"),
        ("depth_topic", "/camera//depth"),
        ("camera_info_topic", "1/info"),
    ],
)
def test_malformed_topic_is_refused_with_its_option(ros_context, option, topic):
    node = rclpy.create_node("eyes")
    with pytest.raises(ConfigError, match=f"^option {option} = '{topic}': .*topic name"):
        resolve_topics(node, NodeConfig(**{option: topic}))
    node.destroy_node()
