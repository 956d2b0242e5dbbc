"""Measurement of a camera's topics, on which the checks of `scenerep doctor` are based."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np
import rclpy
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.topic_endpoint_info import TopicEndpointInfo
from rclpy.utilities import get_rmw_implementation_identifier
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from scenerep_ros.config.options import TopicOptions
from scenerep_ros.doctor.observation import (
    CameraObservation,
    Endpoint,
    MessageSummary,
    TopicObservation,
)
from scenerep_ros.errors import FrameError
from scenerep_ros.geometry.calibration import Calibration
from scenerep_ros.ros.context import ros_context
from scenerep_ros.ros.conversions.images import to_depth
from scenerep_ros.ros.nodes.spinning import spinning, stop_on_signals
from scenerep_ros.ros.transport.pacing import wait_until
from scenerep_ros.ros.transport.topic_names import color_topic, depth_topic, resolve_topics

DISCOVERY_TIMEOUT_S = 3.0
"""Maximum time for the discovery of the publishers [s]."""
DEPTH_SAMPLE_STEP_PX = 4
"""Step between the sampled pixels of a depth image, of any size [px]."""
NODE_NAME = "doctor"


def middleware_name() -> str:
    """Return the name of the middleware that this process uses."""
    return str(get_rmw_implementation_identifier())


def probe_camera(options: TopicOptions, seconds: float) -> CameraObservation:
    """Subscribe to the camera's topics for some time and summarize their messages.

    Args:
        options: names of the topics.
        seconds: duration of the measurement after the discovery of the publishers [s].
    """
    with ros_context([]):
        node = rclpy.create_node(NODE_NAME)
        stop = Event()
        with stop_on_signals(stop), spinning(node):
            probe = CameraProbe(node, options)
            wait_until(probe.has_publishers, DISCOVERY_TIMEOUT_S, stop)
            stop.wait(seconds)
            return probe.observation(seconds)


class CameraProbe:
    """Subscribes to color, depth and camera_info like the segmenter.

    Args:
        node: node that subscribes; must be spinning.
        options: names of the topics.
    """

    def __init__(self, node: Node, options: TopicOptions) -> None:
        options = resolve_topics(node, options)
        color_type = CompressedImage if options.transport == "compressed" else Image
        depth_type = Image if options.depth_transport == "raw" else CompressedImage
        self._color = _TopicProbe(node, color_topic(options), color_type, _summarize_image)
        self._depth = _optional_probe(node, depth_topic(options), depth_type, _summarize_depth)
        self._camera_info = _optional_probe(
            node, options.camera_info_topic, CameraInfo, _summarize_camera_info
        )

    def has_publishers(self) -> bool:
        """Check that each topic has a publisher."""
        probes = (self._color, self._depth, self._camera_info)
        return all(probe.observation().publishers for probe in probes if probe)

    def observation(self, seconds: float) -> CameraObservation:
        """Summarize the messages received so far, in a measurement of `seconds` [s]."""
        depth = self._depth.observation() if self._depth else None
        camera_info = self._camera_info.observation() if self._camera_info else None
        return CameraObservation(self._color.observation(), depth, camera_info, seconds)


class _TopicProbe:
    """Summarizes each message of one topic."""

    def __init__(
        self, node: Node, topic: str, message_type: type, summarize: Callable[[Any], MessageSummary]
    ) -> None:
        self._node = node
        self._topic = node.resolve_topic_name(topic)
        self._type = f"sensor_msgs/msg/{message_type.__name__}"
        self._summarize = summarize
        self._summaries: list[MessageSummary] = []
        node.create_subscription(message_type, topic, self._on_message, qos_profile_sensor_data)

    def _on_message(self, message: Any) -> None:
        self._summaries.append(self._summarize(message))

    def observation(self) -> TopicObservation:
        """Combine the current ROS graph with the summaries of the messages."""
        publishers = self._node.get_publishers_info_by_topic(self._topic)
        subscribers = self._node.get_subscriptions_info_by_topic(self._topic)
        others = [s for s in map(_endpoint, subscribers) if s.node != f"/{NODE_NAME}"]
        return TopicObservation(
            self._topic,
            self._type,
            tuple(map(_endpoint, publishers)),
            tuple(others),
            tuple(self._summaries),
            tuple(self._alternatives()),
        )

    def _alternatives(self) -> list[str]:
        """List the published topics of this type."""
        return [
            name
            for name, types in self._node.get_topic_names_and_types()
            if self._type in types and self._node.count_publishers(name)
        ]


def _optional_probe(
    node: Node, topic: str, message_type: type, summarize: Callable[[Any], MessageSummary]
) -> _TopicProbe | None:
    return _TopicProbe(node, topic, message_type, summarize) if topic else None


def _endpoint(info: TopicEndpointInfo) -> Endpoint:
    return Endpoint(
        node=f"{info.node_namespace.rstrip('/')}/{info.node_name}",
        type=info.topic_type,
        is_reliable=info.qos_profile.reliability == ReliabilityPolicy.RELIABLE,
        is_transient_local=info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL,
    )


def _summarize_header(message: Any) -> MessageSummary:
    stamp = message.header.stamp
    stamp_s = stamp.sec + stamp.nanosec * 1e-9
    return MessageSummary(time.monotonic(), stamp_s, message.header.frame_id)


def _summarize_image(message: Image | CompressedImage) -> MessageSummary:
    if isinstance(message, CompressedImage):
        return replace(_summarize_header(message), encoding=message.format)
    size = (message.width, message.height)
    return replace(_summarize_header(message), encoding=message.encoding, size=size)


def _summarize_depth(message: Image | CompressedImage) -> MessageSummary:
    summary = _summarize_image(message)
    try:
        depth = to_depth(message, "")
    except FrameError:
        return summary
    height, width = depth.shape
    return replace(summary, size=(width, height), depth_statistics=_depth_statistics(depth))


def _depth_statistics(depth: NDArray[np.float32]) -> tuple[float, float]:
    """Compute the ratio of valid pixels and their median [m]."""
    depth = depth[::DEPTH_SAMPLE_STEP_PX, ::DEPTH_SAMPLE_STEP_PX]
    valid = depth[np.isfinite(depth)]
    return valid.size / depth.size, float(np.median(valid)) if valid.size else 0.0


def _summarize_camera_info(message: CameraInfo) -> MessageSummary:
    calibration = Calibration.from_message(message)
    return replace(_summarize_header(message), size=calibration.size, calibration=calibration)
