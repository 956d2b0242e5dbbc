"""Answers of the segmenter, by which a replay in lockstep releases the next frame."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from scenerep_ros.ros.conversions.camera_messages import stamp_to_ns
from scenerep_ros.ros.transport.topic_names import resolve_topic

AUTO = "auto"
LABELS_SUFFIX = "/labels"
IMAGE_TYPE = "sensor_msgs/msg/Image"
DIAGNOSTICS_QUEUE_DEPTH = 50


@dataclass
class Answers:
    """Answers of one segmenter.

    Attributes:
        stamp_ns: stamp of its latest labels.
        dropped: number of frames that it has dropped, by its status.
        dropped_before: the same at the publication of the latest frame.
        is_active: False if its status names another lifecycle state.
    """

    stamp_ns: int = -1
    dropped: int = 0
    dropped_before: int = 0
    is_active: bool = True

    def include(self, stamp_ns: int) -> bool:
        """Check that the latest frame is segmented or dropped, or that nothing is segmented."""
        return self.stamp_ns == stamp_ns or self.dropped > self.dropped_before or not self.is_active


class Feedback:
    """Subscribes to labels and status of the segmenters that receive the replayed images.

    A segmenter answers a frame by its labels, or by a status that counts it as dropped.

    Args:
        node: node that subscribes.
        topic: name of the topic of answers, empty for none, or auto: the topics `labels` of all nodes
            that subscribe to the color images, whatever their names and namespaces are.
        color: publisher of the color images.

    Raises:
        ConfigError: if the topic has no valid name.
    """

    def __init__(self, node: Node, topic: str, color: Publisher) -> None:
        self._node = node
        is_name = topic not in ("", AUTO)
        self._topic = resolve_topic(node, "feedback_topic", topic) if is_name else topic
        self._color = color
        self._answers: dict[str, Answers] = {}

    @property
    def topics(self) -> list[str]:
        """Topics of answers that are subscribed."""
        return list(self._answers)

    def subscribe(self) -> bool:
        """Subscribe to the topics that are published by now; return False if there is none."""
        for topic in self._published_topics():
            if topic not in self._answers:
                self._subscribe(topic)
        return self.has_publishers()

    def has_publishers(self) -> bool:
        """Check that a subscribed topic has a publisher."""
        return any(self._node.count_publishers(topic) for topic in self.topics)

    def expect_frame(self) -> None:
        """Prepare for the publication of a frame: drops count from now on."""
        for answers in self._answers.values():
            answers.dropped_before = answers.dropped

    def is_answered(self, stamp_ns: int) -> bool:
        """Check that each published topic has an answer to the latest frame, of this stamp."""
        return all(
            answers.include(stamp_ns) or not self._node.count_publishers(topic)
            for topic, answers in list(self._answers.items())
        )

    def _subscribe(self, topic: str) -> None:
        answers = Answers()
        if not self._answers:
            self._node.create_subscription(
                DiagnosticArray, "/diagnostics", self._on_diagnostics, DIAGNOSTICS_QUEUE_DEPTH
            )
        self._answers[topic] = answers

        def on_labels(labels: Image) -> None:
            answers.stamp_ns = stamp_to_ns(labels.header.stamp)

        self._node.create_subscription(Image, topic, on_labels, qos_profile_sensor_data)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            node_name = status.name.partition(":")[0].strip("/")
            answers = self._answers.get(f"/{node_name}{LABELS_SUFFIX}")
            values = {pair.key: pair.value for pair in status.values}
            if answers is not None and "state" in values:
                answers.is_active = values["state"] == "active"
                answers.dropped = int(values["dropped"])

    def _published_topics(self) -> list[str]:
        if self._topic != AUTO:
            return [self._topic] if self._topic and self._node.count_publishers(self._topic) else []
        subscribers = self._node.get_subscriptions_info_by_topic(self._color.topic_name)
        nodes = {(info.node_name, info.node_namespace) for info in subscribers}
        return [topic for name, namespace in nodes for topic in self._labels_of(name, namespace)]

    def _labels_of(self, name: str, namespace: str) -> list[str]:
        try:
            published = self._node.get_publisher_names_and_types_by_node(name, namespace)
        except RuntimeError:  # the node has ended, or is not discovered completely
            return []
        return [
            topic
            for topic, types in published
            if topic.endswith(LABELS_SUFFIX) and IMAGE_TYPE in types
        ]
