"""`scenerep record` that is killed while it records, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")

from camera_listener import RELIABLE, ros_node
from sensor_msgs.msg import CameraInfo, Image

from scenerep_ros.cli.main import main
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.errors import SourceError
from scenerep_ros.ros.conversions.camera_messages import camera_messages
from scenerep_ros.sources import open_source

pytestmark = pytest.mark.usefixtures("ros_context")

TIMEOUT_S = 120.0
PERIOD_S = 0.2
FRAMES = (0, 8)
"""Frames of the embedded sequence that are shown in turn; each adds something."""


class Camera:
    """Publishes two frames in turn, with the number of the message as stamp."""

    def __init__(self, node, source):
        config = NodeConfig()
        topics = (config.camera_info_topic, config.depth_topic, config.color_topic)
        self._publishers = [
            node.create_publisher(kind, topic, RELIABLE)
            for kind, topic in zip((CameraInfo, Image, Image), topics, strict=True)
        ]
        self._frames = [camera_messages(source[index], "raw") for index in FRAMES]
        self._count = 0

    def publish(self):
        frame = self._frames[self._count % len(FRAMES)]
        self._count += 1
        messages = (frame.camera_info, frame.depth, frame.color)
        for publisher, message in zip(self._publishers, messages, strict=True):
            message.header.stamp.sec = 1000 + self._count
            publisher.publish(message)


def recorded_frames(folder):
    try:
        return list(open_source(folder))
    except SourceError:
        return []


def test_record_killed_keeps_frames_and_next_run_does(tabletop_folder, tmp_path, capsys):
    source = open_source(tabletop_folder)
    command = [sys.executable, "-m", "scenerep_ros.cli.main", "record", "--out", tmp_path / "bag"]
    deadline = time.monotonic() + TIMEOUT_S
    with subprocess.Popen(command) as recorder, ros_node("camera") as node:
        camera = Camera(node, source)
        while len(recorded_frames(tmp_path / "bag.partial" / "bag")) < 2:
            assert time.monotonic() < deadline
            camera.publish()
            time.sleep(PERIOD_S)
        assert main(["record", "--out", str(tmp_path / "bag"), "--seconds", "1"]) == 1
        assert "another process is writing it" in capsys.readouterr().err
        recorder.kill()
        assert recorder.wait() == -signal.SIGKILL
    assert not (tmp_path / "bag").exists()
    assert main(["record", "--out", str(tmp_path / "bag"), "--seconds", "1"]) == 1
    assert "bag.partial/bag holds what a killed process has written" in capsys.readouterr().err
    frames = recorded_frames(tmp_path / "bag.partial")
    assert len(frames) >= 2
    originals = [source[index].color for index in FRAMES]
    for frame in frames:
        assert frame.depth is not None
        assert any(np.array_equal(frame.color, original) for original in originals)
