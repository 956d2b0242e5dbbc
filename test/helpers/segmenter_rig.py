"""Running segmenter and a tester node that publishes its camera and subscribes to its outputs."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Event, Semaphore

import numpy as np
from camera_listener import RELIABLE, ros_node
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.ros.conversions.camera_messages import camera_messages, stamp_to_ns
from scenerep_ros.ros.nodes.segmenter import SegmenterNode
from scenerep_ros.ros.nodes.spinning import executing
from scenerep_ros.ros.transport.output_publishers import OUTPUT_TOPICS
from scenerep_ros.ros.transport.topic_names import depth_topic, resolve_topics

SMALL_OPTIONS = {
    "backbone": "vit_tiny_patch16_224",
    "weights": "random",
    "device": "cpu",
    "precision": "fp32",
    "resolution": 96,
    "method": "kmeans",
    "kmeans__clusters": 3,
}
"""Options of a real pipeline that is as fast as possible."""
INTRINSICS = Intrinsics(130.0, 130.0, 79.5, 59.5)
FRAME_PERIOD_NS = 33_000_000
TIMEOUT_S = 30.0


def parameters(**options):
    """Create ROS parameters; a double underscore stands for the dot of an option group."""
    return [Parameter(name.replace("__", "."), value=value) for name, value in options.items()]


def make_frame(stamp_ns, frame_id="camera"):
    """Create a frame of two boxes in front of a wall, one of which moves with the stamp."""
    rng = np.random.default_rng(0)
    color = rng.integers(90, 110, (120, 160, 3), np.uint8)
    depth = np.full((120, 160), 2.0, np.float32)
    shift = stamp_ns // FRAME_PERIOD_NS % 20
    color[30:80, 20 + shift : 60 + shift] = 220, 30, 30
    depth[30:80, 20 + shift : 60 + shift] = 1.0
    color[50:100, 100:140] = 20, 60, 200
    depth[50:100, 100:140] = 1.3
    return RGBDFrame(color, depth, INTRINSICS, stamp_ns, frame_id)


class GatedBackbone:
    """Backbone that blocks within a frame while its gate is closed.

    Attributes:
        gate: event that releases the frame in progress.
        entered: semaphore that counts the frames in which the backbone was called.
        resolutions: resolution of each call [px].
    """

    def __init__(self, backbone):
        self._backbone = backbone
        self.name, self.device, self.runtime = backbone.name, backbone.device, backbone.runtime
        self.stride, self.parameters = backbone.stride, backbone.parameters
        self.gate = Event()
        self.gate.set()
        self.entered = Semaphore(0)
        self.resolutions = []

    def __call__(self, color, resolution):
        self.resolutions.append(resolution)
        self.entered.release()
        assert self.gate.wait(2 * TIMEOUT_S)
        return self._backbone(color, resolution)


class SegmenterRig:
    """Access of a test to the node: topics, services and counts."""

    def __init__(self, segmenter, tester):
        self.segmenter, self.tester = segmenter, tester
        self._name = segmenter.get_fully_qualified_name()
        self.config: NodeConfig = resolve_topics(segmenter, segmenter.config)
        is_compressed = self.config.transport == "compressed"
        color_type, suffix = (CompressedImage, "/compressed") if is_compressed else (Image, "")
        create = tester.create_publisher
        self.color = create(color_type, self.config.color_topic + suffix, RELIABLE)
        depth_type = Image if self.config.depth_transport == "raw" else CompressedImage
        self.depth = create(depth_type, depth_topic(self.config) or "/unused", RELIABLE)
        self.camera_info = create(CameraInfo, self.config.camera_info_topic, RELIABLE)
        self.received = {name: [] for name in OUTPUT_TOPICS}
        self.diagnostics = []
        self._subscriptions = {}
        tester.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self._last_stamp_ns = 10**18

    def _on_diagnostics(self, message):
        self.diagnostics += [s for s in message.status if s.name.startswith(self._name[1:])]

    def subscribe(self, *names):
        """Subscribe to these outputs and no others, and wait until the node is matched."""
        for name in set(self._subscriptions) - set(names):
            self._destroy(self.tester.destroy_subscription, self._subscriptions.pop(name))
        for name in set(names) - set(self._subscriptions):
            self._subscriptions[name] = self.tester.create_subscription(
                OUTPUT_TOPICS[name].message_type,
                f"{self._name}/{name}",
                self.received[name].append,
                RELIABLE,
            )
        for messages in self.received.values():
            messages.clear()
        self.wait_for(lambda: all(self._is_matched(name, name in names) for name in OUTPUT_TOPICS))

    def _destroy(self, destroy, entity):
        """Destroy an entity in the thread of the executor, which else may be about to wait for it."""
        self.wait_for(self.tester.executor.create_task(destroy, entity).done)

    def _is_matched(self, name, is_subscribed):
        topic = f"{self._name}/{name}"
        has_publisher = not is_subscribed or self.tester.count_publishers(topic)
        return self.segmenter.count_subscribers(topic) == is_subscribed and has_publisher

    def wait_for_camera(self):
        """Wait until the node has subscribed to the camera."""
        topics = [self.color, self.camera_info] + [self.depth] * bool(self.config.depth_topic)
        self.wait_for(lambda: all(topic.get_subscription_count() for topic in topics))

    def next_stamp(self, step_ns=FRAME_PERIOD_NS):
        """Return the stamp of the next frame [ns]."""
        self._last_stamp_ns += step_ns
        return self._last_stamp_ns

    def publish(self, frame=None, with_info=True):
        """Publish a frame like a camera; return its stamp [ns]."""
        frame = frame or make_frame(self.next_stamp())
        messages = camera_messages(frame, self.config.transport, self.config.depth_transport)
        if with_info:
            self.camera_info.publish(messages.camera_info)
        self.color.publish(messages.color)
        if messages.depth is not None and self.config.depth_topic:
            self.depth.publish(messages.depth)
        return frame.stamp_ns

    def process(self, **kwargs):
        """Publish a frame and wait until the node has processed it; return its stamp [ns]."""
        received = self.counts.received
        stamp_ns = self.publish(**kwargs)
        self.wait_for(lambda: self.counts.received == received + 1 and self.is_idle())
        return stamp_ns

    @property
    def counts(self):
        return self.segmenter.counts

    def dropped(self, reason):
        return self.counts.dropped.get(reason, 0)

    def warnings(self, kind):
        return self.counts.warnings.get(kind, 0)

    def is_idle(self):
        """Check that no received color image is in progress."""
        counts = self.counts
        return counts.received == counts.segmented + sum(counts.dropped.values())

    def stamps(self, name):
        """Return the stamps of an output's messages [ns]."""
        return [stamp_to_ns(message.header.stamp) for message in self.received[name]]

    def wait_for(self, condition, timeout_s=TIMEOUT_S):
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"timed out after {timeout_s} s; {self.counts}"
            time.sleep(0.005)

    def call(self, service_type, name, request):
        """Call a service of the node."""
        client = self.tester.create_client(service_type, f"{self._name}/{name}")
        assert client.wait_for_service(TIMEOUT_S)
        response = client.call_async(request)
        self.wait_for(response.done)
        self._destroy(self.tester.destroy_client, client)
        return response.result()

    def set_parameters(self, **options):
        """Set parameters over the service, like any other node."""
        client = AsyncParameterClient(self.tester, self._name)
        assert client.wait_for_services(TIMEOUT_S)
        response = client.set_parameters(parameters(**options))
        self.wait_for(response.done)
        return response.result().results


@contextmanager
def running_segmenter(namespace="", **options):
    """Run an active segmenter and yield its rig."""
    with ros_node("tester") as tester:
        overrides = parameters(**{**SMALL_OPTIONS, **options})
        segmenter = SegmenterNode(parameter_overrides=overrides, namespace=namespace)
        try:
            assert segmenter.start()
            with executing(segmenter):
                rig = SegmenterRig(segmenter, tester)
                rig.wait_for_camera()
                yield rig
        finally:
            segmenter.close()
            segmenter.destroy_node()
