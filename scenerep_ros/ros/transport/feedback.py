"""Answers of the segmenter, by which a replay in lockstep releases the next frame."""

from __future__ import annotations

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from scenerep_ros.ros.conversions.camera_messages import stamp_to_ns

AUTO = "auto"
LABELS_SUFFIX = "/labels"
IMAGE_TYPE = "sensor_msgs/msg/Image"


class Feedback:
    """Subscribes to the labels of the segmenters that receive the replayed images.

    Args:
        node: node that subscribes.
        topic: name of the topic of answers, empty for none, or auto: the topics `labels` of all nodes
            that subscribe to the color images, whatever their names and namespaces are.
        color: publisher of the color images.
    """

    def __init__(self, node: Node, topic: str, color: Publisher) -> None:
        self._node = node
        self._topic = topic
        self._color = color
        self._answered_ns: dict[str, int] = {}

    @property
    def topics(self) -> list[str]:
        """Topics of answers that are subscribed."""
        return list(self._answered_ns)

    def subscribe(self) -> bool:
        """Subscribe to the topics that are published by now; return False if there is none."""
        for topic in self._published_topics():
            if topic not in self._answered_ns:
                self._subscribe(topic)
        return self.has_publishers()

    def has_publishers(self) -> bool:
        """Check that a subscribed topic has a publisher."""
        return any(self._node.count_publishers(topic) for topic in self.topics)

    def is_answered(self, stamp_ns: int) -> bool:
        """Check that each published topic has carried an answer to the frame of this stamp."""
        return all(
            answered_ns == stamp_ns or not self._node.count_publishers(topic)
            for topic, answered_ns in list(self._answered_ns.items())
        )

    def _subscribe(self, topic: str) -> None:
        self._answered_ns[topic] = -1

        def on_answer(labels: Image) -> None:
            self._answered_ns[topic] = stamp_to_ns(labels.header.stamp)

        self._node.create_subscription(Image, topic, on_answer, qos_profile_sensor_data)

    def _published_topics(self) -> list[str]:
        if self._topic != AUTO:
            name = self._node.resolve_topic_name(self._topic) if self._topic else ""
            return [name] if name and self._node.count_publishers(name) else []
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
