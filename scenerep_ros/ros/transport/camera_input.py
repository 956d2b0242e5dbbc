"""Subscriptions to a camera, which combine single messages to frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.geometry.calibration import Calibration
from scenerep_ros.ros.conversions.camera_messages import stamp_to_ns
from scenerep_ros.ros.monitoring.counters import FrameCounters
from scenerep_ros.ros.monitoring.problem_reporter import ProblemReporter
from scenerep_ros.ros.monitoring.topic_monitor import TopicMonitor, TopicStates
from scenerep_ros.ros.transport.qos import overridable_qos
from scenerep_ros.ros.transport.synchronizer import (
    ColorOnlySynchronizer,
    ImagePair,
    RGBDSynchronizer,
    Synchronizer,
)
from scenerep_ros.ros.transport.topic_names import color_topic, depth_topic, resolve_topics

CameraImage: TypeAlias = "Image | CompressedImage"

QUEUE_DEPTH = 10


@dataclass(frozen=True)
class RawFrame:
    """Messages of one frame before they are decoded.

    Attributes:
        color: raw or compressed color image.
        depth: raw or compressed depth image; None for a camera without depth.
        camera_info: latest calibration; None if there was none yet.
        arrival_s: arrival of the frame's last message, time.perf_counter() [s].
        epoch: number of time jumps before the frame.
    """

    color: CameraImage
    depth: CameraImage | None
    camera_info: CameraInfo | None
    arrival_s: float
    epoch: int


def input_qos() -> QoSProfile:
    """Return best-effort QoS, which is compatible with reliable and best-effort publishers."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=QUEUE_DEPTH,
        reliability=ReliabilityPolicy.BEST_EFFORT,
    )


class CameraInput:
    """Subscribes to a camera until it is closed.

    Args:
        node: node that subscribes.
        get_config: returns the current options.
        counters: counters of received color images.
        reporter: reporter of images that are not used.
        on_frame: called with each complete frame. It must not block.
    """

    def __init__(
        self,
        node: Node,
        get_config: Callable[[], NodeConfig],
        counters: FrameCounters,
        reporter: ProblemReporter,
        on_frame: Callable[[RawFrame], None],
    ) -> None:
        self._node = node
        self._counters = counters
        self._on_frame = on_frame
        self._camera_info: CameraInfo | None = None
        self._subscriptions: list[Subscription] = []
        self._synchronizer = _create_synchronizer(get_config, reporter)
        try:
            self._subscribe_all(resolve_topics(node, get_config()))
        except Exception:
            self.close()
            raise
        topics = [subscription.topic_name for subscription in self._subscriptions]
        self._topic_monitor = TopicMonitor(topics)

    def topic_states(self) -> TopicStates:
        """Return the subscribed topics on which no messages arrive."""
        return self._topic_monitor.states()

    def expire(self) -> None:
        """Drop images that are unpaired for too long. Call it periodically."""
        self._synchronizer.expire()

    def close(self) -> None:
        """Unsubscribe and drop unpaired images."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()
        self._synchronizer.clear("deactivated")

    def _subscribe_all(self, config: NodeConfig) -> None:
        if config.camera_info_topic:
            self._subscribe(CameraInfo, config.camera_info_topic, self._on_camera_info)
        if config.depth_topic:
            depth_type = Image if config.depth_transport == "raw" else CompressedImage
            self._subscribe(depth_type, depth_topic(config), self._on_depth)
        color_type = CompressedImage if config.transport == "compressed" else Image
        self._subscribe(color_type, color_topic(config), self._on_color)

    def _subscribe(self, message_type: type, topic: str, callback: Callable[[Any], None]) -> None:
        def on_message(message: Any) -> None:
            self._topic_monitor.record(subscription.topic_name)
            callback(message)

        subscription = self._node.create_subscription(
            message_type,
            topic,
            on_message,
            input_qos(),
            qos_overriding_options=overridable_qos(),
        )
        self._subscriptions.append(subscription)

    def _on_camera_info(self, message: CameraInfo) -> None:
        """Keep the latest calibration. Some drivers send zeros in between, as at their start."""
        if self._camera_info is None or Calibration.from_message(message).is_calibrated:
            self._camera_info = message

    def _on_color(self, message: CameraImage) -> None:
        self._counters.count_received()
        self._forward(self._synchronizer.add_color(stamp_to_ns(message.header.stamp), message))

    def _on_depth(self, message: CameraImage) -> None:
        self._forward(self._synchronizer.add_depth(stamp_to_ns(message.header.stamp), message))

    def _forward(self, pair: ImagePair[CameraImage, CameraImage] | None) -> None:
        if pair is None:
            return
        arrival_s = time.perf_counter()
        self._on_frame(RawFrame(pair.color, pair.depth, self._camera_info, arrival_s, pair.epoch))


def _create_synchronizer(
    get_config: Callable[[], NodeConfig], reporter: ProblemReporter
) -> Synchronizer[CameraImage, CameraImage]:
    if not get_config().depth_topic:
        return ColorOnlySynchronizer(reporter.report_drop)
    return RGBDSynchronizer(
        lambda: round(get_config().sync_slop * 1e9), reporter.report_drop, reporter.report_warning
    )
