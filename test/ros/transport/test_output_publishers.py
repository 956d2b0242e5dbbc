"""Output publishers on a node without middleware."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

import rclpy
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy

from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.report import Stopwatch
from scenerep_ros.ros.transport.output_publishers import OUTPUT_TOPICS, OutputPublishers

FRAME = RGBDFrame(np.zeros((28, 28, 3), np.uint8))


class Publisher:
    """Publisher with a given number of subscribers."""

    def __init__(self, name, node):
        self._name, self._node = name, node

    def get_subscription_count(self):
        return int(self._name in self._node.subscribed)

    def publish(self, message):
        self._node.published.append(self._name)


class Node:
    """Node that records its publishers and their messages."""

    def __init__(self, subscribed=(), fails_at=None):
        self.subscribed, self.fails_at = subscribed, fails_at
        self.publishers, self.published = [], []

    def create_publisher(self, message_type, topic, qos, qos_overriding_options):
        name = topic.removeprefix("~/")
        if name == self.fails_at:
            raise ValueError(topic)
        self.publishers.append(Publisher(name, self))
        return self.publishers[-1]

    def destroy_publisher(self, publisher):
        self.publishers.remove(publisher)


@pytest.mark.parametrize("subscribed", [["labels"], ["attention"]])
def test_publishers_publish_only_what_is_subscribed(subscribed):
    attention = np.random.default_rng(0).random((3, 2, 2), np.float32)
    scene = SceneSegmentation(np.zeros((28, 28), np.uint16), attention=attention)
    node = Node(subscribed)
    OutputPublishers(node, NodeConfig).publish(FRAME, scene, Stopwatch())
    assert node.published == subscribed


def test_publishers_skip_outputs_without_data():
    node = Node(list(OUTPUT_TOPICS))
    stopwatch = Stopwatch()
    scene = SceneSegmentation(np.zeros((28, 28), np.uint16))
    OutputPublishers(node, NodeConfig).publish(FRAME, scene, stopwatch)
    assert node.published == ["overlay", "features", "labels"]  # neither depth nor attention
    assert set(stopwatch.timings) == {f"publish/{name}" for name in OUTPUT_TOPICS}


def test_publishers_publish_labels_last():
    assert list(OUTPUT_TOPICS)[-1] == "labels"


def test_publishers_failed_creation_destroys_the_others():
    node = Node(fails_at="labels")
    with pytest.raises(ValueError, match="labels"):
        OutputPublishers(node, NodeConfig)
    assert node.publishers == []


def test_outputs_take_their_durability_from_a_parameter(ros_context):
    override = Parameter(
        "qos_overrides./talker/labels.publisher.durability", value="transient_local"
    )
    node = rclpy.create_node("talker", parameter_overrides=[override])
    publishers = OutputPublishers(node, NodeConfig)
    (info,) = node.get_publishers_info_by_topic("/talker/labels")
    assert info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
    (info,) = node.get_publishers_info_by_topic("/talker/overlay")
    assert info.qos_profile.durability == DurabilityPolicy.VOLATILE
    publishers.destroy()
    node.destroy_node()
