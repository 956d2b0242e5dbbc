"""Listens to a camera for a while and tells what it saw; what that means is `doctor`'s matter."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from rclpy.topic_endpoint_info import TopicEndpointInfo
from rclpy.utilities import get_rmw_implementation_identifier
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from scenerep_ros.config.options import TopicOptions
from scenerep_ros.doctor.observation import CameraView, Endpoint, Heard, TopicView
from scenerep_ros.errors import FrameError
from scenerep_ros.ros.conversions.images import to_depth
from scenerep_ros.ros.nodes.spinning import signals_set, spinning
from scenerep_ros.ros.transport.pacing import wait_until
from scenerep_ros.sources.image_decoding import DEPTH_DTYPES

DISCOVERY = 3.0
"""Seconds in which nodes find each other."""
NODE = "doctor"


def middleware() -> str:
    """Name of the middleware that this process uses."""
    return str(get_rmw_implementation_identifier())


def observe(options: TopicOptions, seconds: float) -> CameraView:
    """Listen to the camera's topics.

    Args:
        options: their names.
        seconds: how long, once they are found.
    """
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = rclpy.create_node(NODE)
        stop = Event()
        with signals_set(stop), spinning(node):
            probe = CameraProbe(node, options)
            wait_until(probe.found, DISCOVERY, stop)
            stop.wait(seconds)
            return probe.view(seconds)
    finally:
        rclpy.try_shutdown()


class CameraProbe:
    """Subscribes to colour, depth and camera_info as the segmenter does.

    Args:
        node: that subscribes; must be spinning.
        options: the topics' names.
    """

    def __init__(self, node: Node, options: TopicOptions) -> None:
        compressed = options.transport == "compressed"
        color = f"{options.color_topic}/compressed" if compressed else options.color_topic
        color_type = CompressedImage if compressed else Image
        self._color = _TopicProbe(node, color, color_type, _summary)
        self._depth = _optional(node, options.depth_topic, Image, _depth_summary)
        self._info = _optional(node, options.camera_info_topic, CameraInfo, _info_summary)

    def found(self) -> bool:
        """Whether each topic has a publisher."""
        probes = (self._color, self._depth, self._info)
        return all(probe.view().publishers for probe in probes if probe)

    def view(self, seconds: float) -> CameraView:
        """What was seen so far."""
        depth = self._depth.view() if self._depth else None
        info = self._info.view() if self._info else None
        return CameraView(self._color.view(), depth, info, seconds)


class _TopicProbe:
    """Keeps a summary of each message of one topic."""

    def __init__(
        self, node: Node, topic: str, message_type: type, summary: Callable[[Any], Heard]
    ) -> None:
        self._node = node
        self._topic = node.resolve_topic_name(topic)
        self._type = f"sensor_msgs/msg/{message_type.__name__}"
        self._summary = summary
        self._heard: list[Heard] = []
        node.create_subscription(message_type, topic, self._on_message, qos_profile_sensor_data)

    def _on_message(self, message: Any) -> None:
        self._heard.append(self._summary(message))

    def view(self) -> TopicView:
        """The topic as graph and messages show it now."""
        publishers = self._node.get_publishers_info_by_topic(self._topic)
        subscribers = self._node.get_subscriptions_info_by_topic(self._topic)
        others = [s for s in map(_endpoint, subscribers) if s.node != f"/{NODE}"]
        return TopicView(
            self._topic,
            self._type,
            tuple(map(_endpoint, publishers)),
            tuple(others),
            tuple(self._heard),
            tuple(self._alternatives()),
        )

    def _alternatives(self) -> list[str]:
        """Topics of this type that somebody publishes."""
        return [
            name
            for name, types in self._node.get_topic_names_and_types()
            if self._type in types and self._node.count_publishers(name)
        ]


def _optional(
    node: Node, topic: str, message_type: type, summary: Callable[[Any], Heard]
) -> _TopicProbe | None:
    return _TopicProbe(node, topic, message_type, summary) if topic else None


def _endpoint(info: TopicEndpointInfo) -> Endpoint:
    return Endpoint(
        node=f"{info.node_namespace.rstrip('/')}/{info.node_name}",
        type=info.topic_type,
        reliable=info.qos_profile.reliability == ReliabilityPolicy.RELIABLE,
        transient_local=info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL,
    )


def _heard(message: Any) -> Heard:
    stamp = message.header.stamp
    return Heard(time.monotonic(), stamp.sec + stamp.nanosec * 1e-9, message.header.frame_id)


def _summary(message: Image | CompressedImage) -> Heard:
    if isinstance(message, CompressedImage):
        return replace(_heard(message), encoding=message.format)
    size = (message.width, message.height)
    return replace(_heard(message), encoding=message.encoding, size=size)


def _depth_summary(message: Image) -> Heard:
    return replace(_summary(message), range=_range(message))


def _range(message: Image) -> tuple[float, float] | None:
    """Share of valid pixels and their median in metres; None if it cannot be read."""
    if message.encoding not in DEPTH_DTYPES:
        return None
    try:
        depth = to_depth(message, "")[::4, ::4]
    except FrameError:
        return None
    valid = depth[np.isfinite(depth)]
    return valid.size / depth.size, float(np.median(valid)) if valid.size else 0.0


def _info_summary(message: CameraInfo) -> Heard:
    return replace(
        _heard(message),
        size=(message.width, message.height),
        focal=(message.k[0], message.k[4]),
        distorted=any(message.d),
    )
