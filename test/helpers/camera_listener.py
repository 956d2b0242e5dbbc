"""Subscriber to all topics of a camera, for tests of nodes that publish one."""

from __future__ import annotations

import time
from contextlib import contextmanager

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from scenerep_ros.ros.nodes.spinning import spinning

COLOR, DEPTH, INFO = "/camera/rgb/image_color", "/camera/depth/image", "/camera/rgb/camera_info"
RELIABLE = QoSProfile(depth=50, reliability=ReliabilityPolicy.RELIABLE)
BEST_EFFORT = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)


class CameraListener:
    """Collects messages in one list per topic, and the latest status of the replay."""

    def __init__(self, node, qos):
        self.node = node
        self.color, self.compressed, self.depth, self.info, self.clock = [], [], [], [], []
        self.replay_status = {}
        for message_type, topic, messages in (
            (Image, COLOR, self.color),
            (CompressedImage, f"{COLOR}/compressed", self.compressed),
            (Image, DEPTH, self.depth),
            (CameraInfo, INFO, self.info),
            (Clock, "/clock", self.clock),
        ):
            node.create_subscription(message_type, topic, messages.append, qos)
        node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, RELIABLE)

    def _on_diagnostics(self, message):
        for status in message.status:
            if status.name == "replay: replay":
                self.replay_status = {pair.key: pair.value for pair in status.values}

    def wait_for(self, condition, timeout_s=30.0):
        """Wait until a condition is true; fail with the message counts after the timeout."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            counts = {k: len(v) for k, v in vars(self).items() if isinstance(v, list)}
            assert time.monotonic() < deadline, (
                f"timed out after {timeout_s} s; received {counts}, replay {self.replay_status}"
            )
            time.sleep(0.01)


def stamps(messages):
    """Return the stamps of messages [ns]."""
    return [m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in messages]


@contextmanager
def ros_node(name):
    """Run a node in a thread. ROS is initialized if necessary."""
    is_owner = not rclpy.ok()
    if is_owner:
        rclpy.init(args=[])
    node = rclpy.create_node(name)
    try:
        with spinning(node):
            yield node
    finally:
        if is_owner:
            rclpy.shutdown()
