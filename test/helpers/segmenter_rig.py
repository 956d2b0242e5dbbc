"""A running segmenter and a tester that plays its camera and hears its outputs, over DDS."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Thread

import numpy as np
from camera_listener import RELIABLE, ros_node
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.parameter_client import AsyncParameterClient
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from scenerep_ros.config.options import NodeConfig
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.ros.conversions.camera_messages import camera_messages, from_stamp
from scenerep_ros.ros.nodes.segmenter import SegmenterNode
from scenerep_ros.ros.transport.output_publishers import OUTPUTS

FAST = {
    "backbone": "vit_tiny_patch16_224",
    "weights": "random",
    "device": "cpu",
    "precision": "fp32",
    "resolution": 96,
    "method": "kmeans",
    "clusters": 3,
}
"""A real pipeline, as small as it gets."""
CAMERA = Intrinsics(130.0, 130.0, 79.5, 59.5)
PERIOD = 33_000_000
TIMEOUT = 30.0


def parameters(**options):
    return [Parameter(name, value=value) for name, value in options.items()]


def scene(stamp_ns, frame_id="camera"):
    """Two boxes on a wall, one of them moving."""
    rng = np.random.default_rng(0)
    color = rng.integers(90, 110, (120, 160, 3), np.uint8)
    depth = np.full((120, 160), 2.0, np.float32)
    shift = stamp_ns // PERIOD % 20
    color[30:80, 20 + shift : 60 + shift] = 220, 30, 30
    depth[30:80, 20 + shift : 60 + shift] = 1.0
    color[50:100, 100:140] = 20, 60, 200
    depth[50:100, 100:140] = 1.3
    return RGBDFrame(color, depth, CAMERA, stamp_ns, frame_id)


class Rig:
    """What a test sees of the node: its topics, its services, and its counts."""

    def __init__(self, segmenter, tester):
        self.segmenter, self.tester = segmenter, tester
        self._name = segmenter.get_fully_qualified_name()
        self.config: NodeConfig = segmenter.config
        compressed = self.config.transport == "compressed"
        kind, suffix = (CompressedImage, "/compressed") if compressed else (Image, "")
        create = tester.create_publisher
        self.color = create(kind, self.config.color_topic + suffix, RELIABLE)
        self.depth = create(Image, self.config.depth_topic or "/unused", RELIABLE)
        self.info = create(CameraInfo, self.config.camera_info_topic, RELIABLE)
        self.heard = {name: [] for name in OUTPUTS}
        self.diagnostics = []
        self._subscriptions = {}
        tester.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self._next_stamp = 10**18

    def _on_diagnostics(self, message):
        self.diagnostics += [s for s in message.status if s.name.startswith(self._name[1:])]

    def listen(self, *names):
        """Subscribe to these outputs and no others, and wait until the node knows."""
        for name in set(self._subscriptions) - set(names):
            self.tester.destroy_subscription(self._subscriptions.pop(name))
        for name in set(names) - set(self._subscriptions):
            self._subscriptions[name] = self.tester.create_subscription(
                OUTPUTS[name][0], f"{self._name}/{name}", self.heard[name].append, RELIABLE
            )
        for messages in self.heard.values():
            messages.clear()
        self.wait_for(
            lambda: all(
                self.segmenter.count_subscribers(f"{self._name}/{name}") == (name in names)
                and (name not in names or self.tester.count_publishers(f"{self._name}/{name}"))
                for name in OUTPUTS
            )
        )

    def connect(self):
        """Wait until the node hears the camera."""
        topics = [self.color, self.info] + [self.depth] * bool(self.config.depth_topic)
        self.wait_for(lambda: all(topic.get_subscription_count() for topic in topics))

    def stamp(self):
        """The next frame's stamp."""
        self._next_stamp += PERIOD
        return self._next_stamp

    def send(self, frame=None, info=True):
        """Publish a frame as a camera; returns its stamp."""
        frame = frame or scene(self.stamp())
        messages = camera_messages(frame, self.config.transport)
        if info:
            self.info.publish(messages.camera_info)
        self.color.publish(messages.color)
        if messages.depth is not None and self.config.depth_topic:
            self.depth.publish(messages.depth)
        return frame.stamp_ns

    def send_until_done(self, **kwargs):
        """Publish a frame and wait until it is dealt with."""
        before = self.counts.received
        stamp = self.send(**kwargs)
        self.wait_for(lambda: self.counts.received == before + 1 and self.is_idle())
        return stamp

    @property
    def counts(self):
        return self.segmenter.counts

    def noted(self, kind):
        return self.counts.noted.get(kind, 0)

    def is_idle(self):
        """Whether every colour image that arrived is accounted for."""
        counts = self.counts
        return counts.received == counts.segmented + sum(counts.dropped.values())

    def stamps(self, name):
        return [from_stamp(message.header.stamp) for message in self.heard[name]]

    def wait_for(self, condition, timeout=TIMEOUT):
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"never came; {self.counts}"
            time.sleep(0.005)

    def call(self, kind, name, request):
        """Call a service of the node."""
        client = self.tester.create_client(kind, f"{self._name}/{name}")
        assert client.wait_for_service(TIMEOUT)
        answer = client.call_async(request)
        self.wait_for(answer.done)
        self.tester.destroy_client(client)
        return answer.result()

    def set(self, **options):
        """Set parameters as any other node would."""
        client = AsyncParameterClient(self.tester, self._name)
        assert client.wait_for_services(TIMEOUT)
        answer = client.set_parameters(parameters(**options))
        self.wait_for(answer.done)
        return answer.result().results


@contextmanager
def running(namespace="", **options):
    """A segmenter that is active, and its rig."""
    with ros_node("tester") as tester:
        overrides = parameters(**{**FAST, **options})
        segmenter = SegmenterNode(parameter_overrides=overrides, namespace=namespace)
        executor = SingleThreadedExecutor()
        executor.add_node(segmenter)
        assert segmenter.start()
        thread = Thread(target=executor.spin, daemon=True)
        thread.start()
        try:
            rig = Rig(segmenter, tester)
            rig.connect()
            yield rig
        finally:
            executor.shutdown()
            thread.join()
            segmenter.close()
            segmenter.destroy_node()
