"""A camera driver's publishers."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from scenerep_ros.config.options import ReplayConfig
from scenerep_ros.ros.conversions.camera_messages import CameraMessages

RELIABLE = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
"""Heard by both kinds of subscriber; a best-effort publisher is not heard by a reliable one."""


class CameraPublishers:
    """Publishes colour, depth and camera_info on the configured topics, and /clock if wanted."""

    def __init__(self, node: Node, config: ReplayConfig) -> None:
        compressed = config.transport == "compressed"
        color_topic = f"{config.color_topic}/compressed" if compressed else config.color_topic
        color_type = CompressedImage if compressed else Image
        self.color = node.create_publisher(color_type, color_topic, RELIABLE)
        self.depth = _publisher(node, Image, config.depth_topic)
        self.camera_info = _publisher(node, CameraInfo, config.camera_info_topic)
        self.clock = _publisher(node, Clock, "/clock" if config.clock else "")

    @property
    def all(self) -> list[Publisher]:
        """The camera's publishers."""
        return [p for p in (self.color, self.depth, self.camera_info) if p is not None]

    def publish(self, messages: CameraMessages) -> None:
        """Publish what the frame has; the clock first, so that no message is from the future."""
        if self.clock:
            self.clock.publish(Clock(clock=messages.stamp))
        if self.camera_info and messages.camera_info:
            self.camera_info.publish(messages.camera_info)
        if self.depth and messages.depth:
            self.depth.publish(messages.depth)
        self.color.publish(messages.color)


def _publisher(node: Node, message_type: type[Any], topic: str) -> Publisher | None:
    return node.create_publisher(message_type, topic, RELIABLE) if topic else None
