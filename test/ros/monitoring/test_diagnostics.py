from __future__ import annotations

import pytest

pytest.importorskip("diagnostic_msgs", reason="diagnostic_msgs is not installed")

from diagnostic_msgs.msg import DiagnosticStatus

from scenerep_ros.ros.monitoring.counters import Counts
from scenerep_ros.ros.monitoring.diagnostics import segmenter_status

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


def status(state="active", silent_topics=()):
    facts = {"method": "fused", "device": "cpu"}
    return segmenter_status("/robot/segmenter", state, list(silent_topics), COUNTS, facts)


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
    ("state", "silent_topics", "level", "message"),
    [
        ("active", [], DiagnosticStatus.OK, "segmenting 10.0 frames/s"),
        ("active", ["/a", "/b"], DiagnosticStatus.WARN, "no messages on /a, /b"),
        (
            "inactive",
            ["/a"],
            DiagnosticStatus.STALE,
            "inactive; segments nothing until it is activated",
        ),
    ],
)
def test_status_level_follows_state_and_silent_topics(state, silent_topics, level, message):
    result = status(state, silent_topics)
    assert (result.level, result.message) == (level, message)
