"""The camera's topics: from messages that arrive one by one to frames that belong together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from scenerep_ros.config.options import NodeConfig
from scenerep_ros.ros.conversions.camera_messages import from_stamp
from scenerep_ros.ros.monitoring.counters import FrameCounters
from scenerep_ros.ros.monitoring.diagnostics import TopicWatch
from scenerep_ros.ros.monitoring.reporter import Reporter
from scenerep_ros.ros.transport.synchronizer import ColorOnly, Pair, PairSynchronizer, Synchronizer

ColorImage: TypeAlias = "Image | CompressedImage"

DEPTH = 10


@dataclass(frozen=True)
class RawFrame:
    """The messages of one frame, not yet decoded.

    Attributes:
        color: raw or compressed.
        depth: None for a colour-only camera.
        info: the latest calibration; None if there was none yet.
        arrival: of the last message that belongs to it, time.perf_counter().
        epoch: number of time jumps before it.
    """

    color: ColorImage
    depth: Image | None
    info: CameraInfo | None
    arrival: float
    epoch: int


def color_topic(config: NodeConfig) -> str:
    """Name of the topic that carries colour, which depends on the transport."""
    return config.color_topic + ("/compressed" if config.transport == "compressed" else "")


def input_qos() -> QoSProfile:
    """As sensor data: best effort, which hears reliable publishers too."""
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT
    )


class CameraInput:
    """Subscribes to a camera until it is closed.

    Args:
        node: that subscribes.
        options: returns the present options.
        counters: told of every colour image that arrives.
        reporter: told of every image that is not used.
        on_frame: called with each complete frame; must not block.
    """

    def __init__(
        self,
        node: Node,
        options: Callable[[], NodeConfig],
        counters: FrameCounters,
        reporter: Reporter,
        on_frame: Callable[[RawFrame], None],
    ) -> None:
        self._node = node
        self._counters = counters
        self._on_frame = on_frame
        self._info: CameraInfo | None = None
        self._subscriptions: list[Subscription] = []
        self._pairs = _synchronizer(options, reporter)
        try:
            self._subscribe_all(options())
        except Exception:
            self.close()
            raise
        self.watch = TopicWatch([subscription.topic_name for subscription in self._subscriptions])

    def expire(self) -> None:
        """Give up images that wait for a partner in vain; call it now and then."""
        self._pairs.expire()

    def close(self) -> None:
        """Stop listening; images that wait for a partner are dropped."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()
        self._pairs.clear("deactivated")

    def _subscribe_all(self, config: NodeConfig) -> None:
        if config.camera_info_topic:
            self._subscribe(CameraInfo, config.camera_info_topic, self._on_info)
        if config.depth_topic:
            self._subscribe(Image, config.depth_topic, self._on_depth)
        color_type = CompressedImage if config.transport == "compressed" else Image
        self._subscribe(color_type, color_topic(config), self._on_color)

    def _subscribe(self, kind: type, topic: str, callback: Callable[[Any], None]) -> None:
        def on_message(message: Any) -> None:
            self.watch.hear(subscription.topic_name)
            callback(message)

        subscription = self._node.create_subscription(
            kind,
            topic,
            on_message,
            input_qos(),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._subscriptions.append(subscription)

    def _on_info(self, message: CameraInfo) -> None:
        self._info = message

    def _on_color(self, message: ColorImage) -> None:
        self._counters.receive()
        self._hand_over(self._pairs.add_color(from_stamp(message.header.stamp), message))

    def _on_depth(self, message: Image) -> None:
        self._hand_over(self._pairs.add_depth(from_stamp(message.header.stamp), message))

    def _hand_over(self, pair: Pair[ColorImage, Image] | None) -> None:
        if pair is not None:
            raw = RawFrame(pair.color, pair.depth, self._info, time.perf_counter(), pair.epoch)
            self._on_frame(raw)


def _synchronizer(
    options: Callable[[], NodeConfig], reporter: Reporter
) -> Synchronizer[ColorImage, Image]:
    if not options().depth_topic:
        return ColorOnly(reporter.drop)
    return PairSynchronizer(lambda: round(options().sync_slop * 1e9), reporter.drop, reporter.note)
