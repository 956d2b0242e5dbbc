"""Hears what a camera publishes, in a thread, for the tests of nodes that publish it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Thread

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

COLOR, DEPTH, INFO = "/camera/rgb/image_color", "/camera/depth/image", "/camera/rgb/camera_info"
RELIABLE = QoSProfile(depth=50, reliability=ReliabilityPolicy.RELIABLE)
BEST_EFFORT = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)


class CameraListener:
    """Collects messages in lists named as the topics' kinds."""

    def __init__(self, node, qos):
        self.node = node
        self.color, self.compressed, self.depth, self.info, self.clock = [], [], [], [], []
        self.counts = {}
        for message_type, topic, heard in (
            (Image, COLOR, self.color),
            (CompressedImage, f"{COLOR}/compressed", self.compressed),
            (Image, DEPTH, self.depth),
            (CameraInfo, INFO, self.info),
            (Clock, "/clock", self.clock),
        ):
            node.create_subscription(message_type, topic, heard.append, qos)
        node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, RELIABLE)

    def _on_diagnostics(self, message):
        for status in message.status:
            if status.name == "replay":
                self.counts = {pair.key: pair.value for pair in status.values}

    def wait_for(self, condition, timeout=30.0):
        """Wait until a condition holds; fails with the message counts if it never does."""
        deadline = time.monotonic() + timeout
        while not condition():
            heard = {k: len(v) for k, v in vars(self).items() if isinstance(v, list)}
            assert time.monotonic() < deadline, f"heard {heard}, counts {self.counts}"
            time.sleep(0.01)

    def wait_for_end(self):
        """Wait for the replay's last word."""
        self.wait_for(lambda: self.counts.get("finished") == "true")


def stamps(messages):
    """Stamps in nanoseconds."""
    return [m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in messages]


@contextmanager
def ros_node(name):
    """A node that is served in a thread; initialises ROS if nobody has."""
    own = not rclpy.ok()
    if own:
        rclpy.init(args=[])
    node = rclpy.create_node(name)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    thread = Thread(target=executor.spin, daemon=True)
    thread.start()
    try:
        yield node
    finally:
        executor.shutdown()
        thread.join()
        node.destroy_node()
        if own:
            rclpy.shutdown()
