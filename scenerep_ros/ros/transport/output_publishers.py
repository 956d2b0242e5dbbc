"""Publishers of the segmenter's output topics. An output without a subscriber is not computed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, PointCloud2
from visualization_msgs.msg import MarkerArray

from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.report import Stopwatch
from scenerep_ros.ros.conversions import detection_messages, scene_messages
from scenerep_ros.ros.conversions.cloud_message import CloudMessageBuffer
from scenerep_ros.ros.conversions.scene_view import SceneView
from scenerep_ros.ros.transport.qos import overridable_qos


class OutputTopic(NamedTuple):
    """Message type of a topic, and the function that creates its messages."""

    message_type: type
    create_message: Callable[[SceneView], Any]


OUTPUT_TOPICS: dict[str, OutputTopic] = {
    "objects": OutputTopic(MarkerArray, scene_messages.objects_message),
    "overlay": OutputTopic(Image, scene_messages.overlay_message),
    "attention": OutputTopic(Image, scene_messages.attention_message),
    "features": OutputTopic(PointCloud2, detection_messages.features_message),
    "points": OutputTopic(PointCloud2, scene_messages.points_message),
    "points_colored": OutputTopic(PointCloud2, scene_messages.points_colored_message),
    "labels": OutputTopic(Image, scene_messages.labels_message),
}
"""Topics below the node's name, in order of publication.

Labels are last: a camera that answers them with the next frame (`replay` at rate 0) then finds the
node idle.
"""

QUEUE_DEPTH = 5


def output_qos(depth: int = QUEUE_DEPTH) -> QoSProfile:
    """Return reliable QoS with a short queue, because delayed results have no use."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=ReliabilityPolicy.RELIABLE
    )


class OutputPublishers:
    """Publishers of all output topics. ROS parameters can override their QoS.

    Args:
        node: node that publishes.
        get_config: returns the current options.
    """

    def __init__(self, node: Node, get_config: Callable[[], NodeConfig]) -> None:
        self._node = node
        self._get_config = get_config
        self._cloud = CloudMessageBuffer()
        self._topics = available_output_topics()
        self._publishers: dict[str, Publisher] = {}
        try:
            for name, topic in self._topics.items():
                self._publishers[name] = self._create_publisher(topic.message_type, name)
        except Exception:
            self.destroy()
            raise

    def publish(self, frame: RGBDFrame, scene: SceneSegmentation, stopwatch: Stopwatch) -> None:
        """Publish the outputs of a frame; measure each as stage `publish/NAME`."""
        config = self._get_config()
        view = SceneView(frame, scene, self._cloud, config.labels_encoding, config.target_frame)
        for name, publisher in self._publishers.items():
            if not publisher.get_subscription_count():
                continue
            with stopwatch(f"publish/{name}"):
                message = self._topics[name].create_message(view)
                if message is not None:
                    publisher.publish(message)

    def delete_markers(self) -> None:
        """Remove the objects of the last frame from RViz."""
        publisher = self._publishers.get("objects")
        if publisher is not None and publisher.get_subscription_count():
            publisher.publish(scene_messages.no_objects_message())

    def destroy(self) -> None:
        """Destroy all publishers."""
        for publisher in self._publishers.values():
            self._node.destroy_publisher(publisher)
        self._publishers.clear()

    def _create_publisher(self, message_type: type, name: str) -> Publisher:
        return self._node.create_publisher(
            message_type,
            f"~/{name}",
            output_qos(),
            qos_overriding_options=overridable_qos(),
        )


def available_output_topics() -> dict[str, OutputTopic]:
    """Return OUTPUT_TOPICS, with those of the package vision_msgs if it is installed."""
    if find_spec("vision_msgs") is None:
        return OUTPUT_TOPICS
    from vision_msgs.msg import (  # not installed everywhere
        Detection2DArray,
        Detection3DArray,
        LabelInfo,
    )

    return {
        "label_info": OutputTopic(LabelInfo, scene_messages.label_info_message),
        "detections_2d": OutputTopic(Detection2DArray, detection_messages.detections_2d_message),
        "detections_3d": OutputTopic(Detection3DArray, detection_messages.detections_3d_message),
        **OUTPUT_TOPICS,
    }
