"""Publishers of a camera driver."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from scenerep_ros.config.replay import ReplayConfig
from scenerep_ros.ros.conversions.camera_messages import CameraMessages
from scenerep_ros.ros.transport.topic_names import color_topic, depth_topic, resolve_topics

CAMERA_QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
"""Compatible with reliable and best-effort subscribers."""


class CameraPublishers:
    """Publishers of color, depth and camera_info on the configured topics, and of /clock.

    Args:
        node: node that publishes.
        config: topics, transport, and whether /clock is published.
    """

    def __init__(self, node: Node, config: ReplayConfig) -> None:
        config = resolve_topics(node, config)
        color_type = CompressedImage if config.transport == "compressed" else Image
        depth_type = Image if config.depth_transport == "raw" else CompressedImage
        self.color = node.create_publisher(color_type, color_topic(config), CAMERA_QOS)
        self.depth = _create_publisher(node, depth_type, depth_topic(config))
        self.camera_info = _create_publisher(node, CameraInfo, config.camera_info_topic)
        self.clock = _create_publisher(node, Clock, "/clock" if config.clock else "")

    @property
    def publishers(self) -> list[Publisher]:
        """Publishers of the camera topics, without /clock."""
        return [p for p in (self.color, self.depth, self.camera_info) if p is not None]

    def publish(self, messages: CameraMessages) -> None:
        """Publish a frame. /clock comes first, so that no stamp is ahead of the clock."""
        if self.clock:
            self.clock.publish(Clock(clock=messages.stamp))
        if self.camera_info and messages.camera_info:
            self.camera_info.publish(messages.camera_info)
        if self.depth and messages.depth:
            self.depth.publish(messages.depth)
        self.color.publish(messages.color)


def _create_publisher(node: Node, message_type: type[Any], topic: str) -> Publisher | None:
    return node.create_publisher(message_type, topic, CAMERA_QOS) if topic else None
