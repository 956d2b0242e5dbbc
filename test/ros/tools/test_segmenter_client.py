"""Segmenter client over DDS with a publisher in place of the segmenter."""

from __future__ import annotations

from contextlib import ExitStack
from threading import Event

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

import rclpy
from camera_listener import ros_node
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image

from scenerep_ros.errors import ScenerepError
from scenerep_ros.ros.monitoring.counters import Counts
from scenerep_ros.ros.monitoring.diagnostics import segmenter_status
from scenerep_ros.ros.monitoring.topic_monitor import NO_TOPICS
from scenerep_ros.ros.nodes.spinning import spinning
from scenerep_ros.ros.tools.segmenter_client import SegmenterClient, parse_latency
from scenerep_ros.ros.transport.output_publishers import output_qos
from scenerep_ros.ros.transport.pacing import wait_until

TIMEOUT_S = 30.0
FACTS = {"method": "fused", "backbone": "vit", "device": "cpu", "runtime": "torch fp32"}


class FakeSegmenter:
    """Publishes the status and labels of a segmenter."""

    def __init__(self, node):
        self.diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.labels = node.create_publisher(Image, "/segmenter/labels", output_qos())

    def publish_status(self, counts, state="active"):
        status = segmenter_status("/segmenter", state, NO_TOPICS, counts, FACTS)
        self.diagnostics.publish(DiagnosticArray(status=[status]))

    def repeat_status_until(self, condition, counts, state="active"):
        """Publish the status periodically, like the segmenter."""

        def is_true():
            self.publish_status(counts, state)
            return condition()

        return wait_until(is_true, TIMEOUT_S, Event(), poll_period_s=0.05)


@pytest.fixture
def segmenter():
    with ros_node("segmenter") as node:
        yield FakeSegmenter(node)


@pytest.fixture
def make_client(segmenter):
    """Create spinning clients whose subscriptions are matched."""
    stack = ExitStack()

    def make(handlers):
        client = SegmenterClient(handlers)
        stack.enter_context(spinning(client))
        publishers = [segmenter.diagnostics] + [segmenter.labels] * len(handlers)
        assert wait_until(
            lambda: all(p.get_subscription_count() for p in publishers), TIMEOUT_S, Event()
        )
        return client

    with stack:
        yield make


def test_client_is_ready_with_active_segmenter_and_outputs(segmenter, make_client):
    client = make_client({"labels": lambda _: None})
    assert not client.is_ready()
    assert "no status" in client.describe_progress()
    assert segmenter.repeat_status_until(
        lambda: "inactive" in client.describe_progress(), Counts(), "inactive"
    )
    assert not client.is_ready()
    assert segmenter.repeat_status_until(client.is_ready, Counts())


def test_client_names_outputs_without_publisher(segmenter, make_client):
    client = make_client({"labels": lambda _: None})
    client_of_overlay = make_client({"overlay": lambda _: None})
    assert segmenter.repeat_status_until(client.is_ready, Counts())
    assert segmenter.repeat_status_until(
        lambda: "without publisher: overlay" in client_of_overlay.describe_progress(), Counts()
    )
    assert not client_of_overlay.is_ready()


def test_client_settles_on_segmenter_status_alone(segmenter, make_client):
    client = make_client({})
    counts = Counts(received=7, segmented=6, dropped={"superseded": 1})
    assert segmenter.repeat_status_until(client.is_ready, counts)
    assert not client.is_settled()  # the replay has not ended
    client.start_settling(published=8)
    assert segmenter.repeat_status_until(client.is_settled, counts)
    report = client.report(published=8)
    assert (report.frames.published, report.frames.received) == (8, 7)
    assert (report.frames.segmented, report.frames.dropped) == (6, 2)
    assert report.dropped == {"superseded": 1, "lost_in_transport": 1}
    assert (report.backbone, report.method, report.device) == ("vit", "fused", "cpu")


def test_client_does_not_settle_with_a_frame_in_progress(segmenter, make_client):
    client = make_client({})
    client.start_settling(published=2)
    counts = Counts(received=2, segmented=1)
    for _ in range(10):
        segmenter.publish_status(counts)
    # Statuses arrive in order, so all others are received before the last one.
    assert segmenter.repeat_status_until(
        lambda: "inactive" in client.describe_progress(), counts, "inactive"
    )
    assert not client.is_settled()
    assert "2 frames received, 1 segmented, 0 dropped" in client.describe_progress()


def test_client_raises_handler_error_in_the_calling_thread(segmenter, make_client):
    handled = Event()

    def fail(message):
        handled.set()
        raise ScenerepError("the disk is full")

    client = make_client({"labels": fail})
    client.raise_handler_error()
    segmenter.labels.publish(Image())
    assert handled.wait(TIMEOUT_S)
    assert segmenter.repeat_status_until(lambda: "1 labels" in client.describe_progress(), Counts())
    with pytest.raises(ScenerepError, match="disk is full"):
        client.raise_handler_error()
    assert rclpy.ok()


def test_parse_latency_groups_figures_by_stage():
    status = {
        "latency_ms.backbone.median": "10.5",
        "latency_ms.backbone.p95": "20.0",
        "latency_ms.publish/labels.median": "1.0",
        "received": "3",
    }
    assert parse_latency(status) == {
        "backbone": {"median": 10.5, "p95": 20.0},
        "publish/labels": {"median": 1.0},
    }
