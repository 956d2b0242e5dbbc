"""Nodes that are killed at different moments, and started again."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from camera_listener import RELIABLE, ros_node
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from segmenter_rig import SMALL_OPTIONS
from sensor_msgs.msg import Image

from scenerep_ros.ros.tools.node_process import NodeProcess, wait_for
from scenerep_ros.ros.tools.process_usage import mapped_segments, own_segments
from scenerep_ros.ros.transport.shared_memory import remove_dead_segments

TIMEOUT_S = 300.0
pytestmark = [
    pytest.mark.usefixtures("ros_context"),
    pytest.mark.slow,
    pytest.mark.timeout(6 * TIMEOUT_S),
]

OPTIONS = {name.replace("__", "."): value for name, value in SMALL_OPTIONS.items()}


class Session:
    """Starts and kills nodes, and receives the labels of the segmenter."""

    def __init__(self, client, folder, stack):
        self._client, self._folder, self._stack = client, folder, stack
        self.stamps = []
        client.create_subscription(Image, "/segmenter/labels", self._on_labels, RELIABLE)
        self._state = client.create_client(GetState, "/segmenter/get_state")

    def _on_labels(self, message):
        self.stamps.append(message.header.stamp)

    def start(self, name, **options):
        node = NodeProcess(name, options, self._folder)
        self._stack.callback(node.stop)
        return node

    def kill(self, node):
        """Kill a node; return the segments that it has created."""
        created = segments(own_segments(node.pid))
        os.kill(node.pid, signal.SIGKILL)
        node.stop()
        return created

    def wait_for_labels(self, segmenter):
        self.stamps.clear()
        wait_for(lambda: len(self.stamps) >= 3, segmenter, TIMEOUT_S, "labels", lambda: "")

    def is_active(self, segmenter):
        answers = []
        # A request before the discovery of the new node is lost.
        timer = self._client.create_timer(
            1.0, lambda: answers.append(self._state.call_async(GetState.Request()))
        )
        wait_for(
            lambda: any(answer.done() for answer in answers),
            segmenter,
            TIMEOUT_S,
            "the state",
            lambda: "",
        )
        self._client.destroy_timer(timer)
        (state,) = {answer.result().current_state.id for answer in answers if answer.done()}
        return state == State.PRIMARY_STATE_ACTIVE


@pytest.fixture
def session(tmp_path):
    with ros_node("client") as client, ExitStack() as stack:
        yield Session(client, tmp_path, stack)


def segments(paths):
    """Return the paths without those of ports, which processes share and take over."""
    return {Path(path) for path in paths if "port" not in path}


def make_old(created):
    """Make the locks of segments older than those that a starting process leaves alone."""
    for path in created:
        lock = path.with_name(f"{path.name}_el")
        if lock.exists():
            os.utime(lock, (time.time() - 60, time.time() - 60))


def test_killed_segmenter_and_camera_are_replaced(session, tabletop_folder):
    camera_options = {"source": str(tabletop_folder), "rate": 1.0, "loop": True}
    camera = session.start("replay", **camera_options)
    starting = session.start("segmenter", **OPTIONS)
    wait_for(lambda: own_segments(starting.pid), starting, TIMEOUT_S, "DDS", lambda: "")
    left = session.kill(starting)

    segmenter = session.start("segmenter", **OPTIONS)
    session.wait_for_labels(segmenter)
    left |= session.kill(segmenter)
    make_old(left)

    segmenter = session.start("segmenter", **OPTIONS)
    session.wait_for_labels(segmenter)
    assert session.is_active(segmenter)
    assert not left & segments(mapped_segments(segmenter.pid))
    assert not any(path.exists() for path in left)

    left = session.kill(camera)
    camera = session.start("replay", **camera_options)
    session.wait_for_labels(segmenter)
    make_old(left)
    remove_dead_segments()
    assert left
    assert not any(path.exists() for path in left)
    session.wait_for_labels(segmenter)  # the removal leaves the running nodes alone
    for node in (segmenter, camera):
        node.stop()
        assert node.exit_code in (0, 130)
