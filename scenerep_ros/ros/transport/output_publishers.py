"""The node's outputs: each is computed only while someone listens."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import Image, PointCloud2
from visualization_msgs.msg import MarkerArray

from scenerep_ros.frames import RGBDFrame, SceneSegmentation
from scenerep_ros.report import Stopwatch
from scenerep_ros.ros.conversions import scene_messages as messages
from scenerep_ros.ros.conversions.cloud_message import CloudMessage
from scenerep_ros.ros.conversions.scene_view import SceneView

MakeMessage = Callable[[SceneView], Any]

OUTPUTS: dict[str, tuple[type, MakeMessage]] = {
    "objects": (MarkerArray, messages.objects_message),
    "overlay": (Image, messages.overlay_message),
    "attention": (Image, messages.attention_message),
    "points": (PointCloud2, messages.points_message),
    "points_colored": (PointCloud2, messages.points_colored_message),
    "labels": (Image, messages.labels_message),
}
"""Type and maker of each topic below the node's name. Labels come last: whoever answers them with
the next frame (`replay` at rate 0) then finds the node idle."""

DEPTH = 5


def output_qos() -> QoSProfile:
    """Reliable, and a short queue: results that nobody takes in time are of no use."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=DEPTH, reliability=ReliabilityPolicy.RELIABLE
    )


class Publishers:
    """Publishers of all outputs; their QoS can be overridden by ROS parameters.

    Args:
        node: that publishes.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._cloud = CloudMessage()
        self._outputs: dict[str, tuple[Publisher, MakeMessage]] = {}
        try:
            for name, (message_type, make) in available_outputs().items():
                self._outputs[name] = self._create(message_type, name), make
        except Exception:
            self.destroy()
            raise

    def publish(self, frame: RGBDFrame, scene: SceneSegmentation, watch: Stopwatch) -> None:
        """Publish a frame's outputs; each is a stage of the watch, `publish/NAME`."""
        view = SceneView(frame, scene, self._cloud)
        for name, (publisher, make) in self._outputs.items():
            if not publisher.get_subscription_count():
                continue
            with watch(f"publish/{name}"):
                message = make(view)
                if message is not None:
                    publisher.publish(message)

    def _create(self, message_type: type, name: str) -> Publisher:
        return self._node.create_publisher(
            message_type,
            f"~/{name}",
            output_qos(),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    def destroy(self) -> None:
        """Take the topics back."""
        for publisher, _ in self._outputs.values():
            self._node.destroy_publisher(publisher)
        self._outputs.clear()


def available_outputs() -> dict[str, tuple[type, MakeMessage]]:
    """OUTPUTS, and `label_info` where the package vision_msgs is installed."""
    if find_spec("vision_msgs") is None:
        return OUTPUTS
    from vision_msgs.msg import LabelInfo  # not installed everywhere

    return {"label_info": (LabelInfo, messages.label_info_message), **OUTPUTS}
