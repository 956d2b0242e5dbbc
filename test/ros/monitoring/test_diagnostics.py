from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("diagnostic_msgs", reason="diagnostic_msgs is not installed")

from diagnostic_msgs.msg import DiagnosticStatus

from scenerep_ros.ros.monitoring.counters import Counts, RecentCounts
from scenerep_ros.ros.monitoring.diagnostics import segmenter_status
from scenerep_ros.ros.monitoring.topic_monitor import TopicStates

COUNTS = Counts(
    received=5,
    segmented=2,
    dropped={"superseded": 2, "bad_image": 1},
    warnings={"no_camera_info": 4},
    objects=6,
    rate=9.96,
    mean_rate=8.0,
    timings=({"backbone": 10.0}, {"backbone": 20.0}),
)


def status(state="active", silent=(), waiting=(), recent=None):
    facts = {"method": "fused", "device": "cpu"}
    counts = replace(COUNTS, recent=recent or RecentCounts(segmented=50))
    topics = TopicStates(list(silent), list(waiting))
    return segmenter_status("/robot/segmenter", state, topics, counts, facts)


def test_status_keys_and_values_are_the_published_interface():
    assert {pair.key: pair.value for pair in status().values} == {
        "state": "active",
        "method": "fused",
        "device": "cpu",
        "received": "5",
        "segmented": "2",
        "dropped": "3",
        "rate_hz": "9.96",
        "mean_rate_hz": "8.00",
        "objects_per_frame": "3.00",
        "dropped.superseded": "2",
        "dropped.bad_image": "1",
        "noted.no_camera_info": "4",
        "latency_ms.backbone.median": "15.0",
        "latency_ms.backbone.p95": "19.5",
    }
    assert status().name == "robot/segmenter: segmentation"
    assert status().hardware_id == "cpu"


@pytest.mark.parametrize(
    ("state", "word"),
    [("unconfigured", "configured"), ("inactive", "activated"), ("finalized", "shut down")],
)
def test_status_of_a_node_that_is_not_active_is_stale(state, word):
    result = status(state, silent=["/a"])
    assert result.level == DiagnosticStatus.STALE
    assert result.message.startswith(state)
    assert word in result.message


@pytest.mark.parametrize(
    ("silent", "waiting", "message"),
    [
        (["/a", "/b"], [], "no messages on /a, /b"),
        (["/a"], ["/a"], "waiting for the first message on /a"),
    ],
)
def test_status_names_silent_topics(silent, waiting, message):
    result = status(silent=silent, waiting=waiting)
    assert (result.level, result.message) == (DiagnosticStatus.WARN, message)


@pytest.mark.parametrize("reason", ["bad_image", "no_depth", "error", "out_of_order"])
def test_status_is_error_if_faults_drop_all_frames(reason):
    result = status(recent=RecentCounts(0, {reason: 7, "superseded": 3}))
    assert result.level == DiagnosticStatus.ERROR
    assert f"{reason} (7)" in result.message
    assert "superseded" not in result.message
    assert status(recent=RecentCounts(5, {reason: 7})).level == DiagnosticStatus.WARN


@pytest.mark.parametrize("reason", ["superseded", "time_jump", "deactivated"])
def test_status_is_ok_if_frames_are_dropped_as_intended(reason):
    assert status(recent=RecentCounts(0, {reason: 7})).level == DiagnosticStatus.OK


def test_status_warns_of_missing_clouds_but_not_of_unpaired_depth():
    result = status(recent=RecentCounts(5, warnings={"bad_camera_info": 5, "no_color": 9}))
    assert (result.level, result.message) == (
        DiagnosticStatus.WARN,
        "bad_camera_info (5); see the log",
    )
    assert status(recent=RecentCounts(5, warnings={"no_color": 9})).level == DiagnosticStatus.OK


def test_status_is_ok_while_it_segments_or_waits_shortly():
    assert status().message == "segmenting 10.0 frames/s"
    assert status(waiting=["/a"]).message == "waiting for /a"
    assert status(waiting=["/a"]).level == DiagnosticStatus.OK
