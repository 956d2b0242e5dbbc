"""Execution of a node in a thread."""

import sys
import threading

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

import rclpy

from scenerep_ros.ros.nodes.spinning import spinning

REPETITIONS = 50


def test_spinning_ends_while_callbacks_arrive(monkeypatch):
    errors = []
    monkeypatch.setattr(threading, "excepthook", lambda args: errors.append(args.exc_value))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads alternate within a callback, as on a busy machine
    rclpy.init(args=[])
    # While one node lives, the others share its participant: Fast DDS can deadlock where one ends.
    anchor = rclpy.create_node("anchor", enable_rosout=False)
    try:
        for _ in range(REPETITIONS):
            node = rclpy.create_node("busy", enable_rosout=False)
            called = threading.Event()
            node.create_timer(1e-6, called.set)
            with spinning(node):
                assert called.wait(30)
    finally:
        anchor.destroy_node()
        rclpy.shutdown()
        sys.setswitchinterval(interval)
    assert not errors
