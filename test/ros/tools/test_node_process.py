from __future__ import annotations

import pytest

from scenerep_ros.errors import ScenerepError
from scenerep_ros.ros.tools.node_process import node_process, wait_for

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

MISSING_SOURCE = {"source": "/no/such/recording"}


def is_exited(process):
    return lambda: process.exit_code is not None


def test_wait_for_timeout_names_purpose_duration_and_progress(tmp_path):
    message = "node replay timed out: waited 0 s for the last frame; 7 of 8 frames; the end of "
    with (
        node_process("replay", MISSING_SOURCE, tmp_path) as process,
        pytest.raises(ScenerepError, match=f"{message}{tmp_path}/replay.log"),
    ):
        wait_for(lambda: False, process, 0.0, "the last frame", lambda: "7 of 8 frames")


def test_wait_for_exited_process_raises_with_end_of_log(tmp_path):
    with (
        node_process("replay", MISSING_SOURCE, tmp_path) as process,
        pytest.raises(ScenerepError, match=r"(?s)exit code 1.*/no/such/recording"),
    ):
        wait_for(lambda: False, process, 60.0, "nothing", lambda: "")


def test_wait_for_true_condition_returns_although_process_exited(tmp_path):
    with node_process("replay", MISSING_SOURCE, tmp_path) as process:
        wait_for(is_exited(process), process, 60.0, "the exit", lambda: "")
        polled = []
        wait_for(lambda: not polled.append(True), process, 0.0, "nothing", lambda: "")
    assert polled == [True]


def test_node_process_stops_at_end_of_body(tmp_path):
    with node_process("replay", MISSING_SOURCE, tmp_path) as process:
        assert process.exit_code is None
    assert process.exit_code is not None
