from __future__ import annotations

import pytest

from scenerep_ros.ros.monitoring.counters import FrameCounters
from scenerep_ros.ros.monitoring.problem_reporter import ProblemReporter


@pytest.fixture
def counters():
    return FrameCounters()


def test_reporter_limits_log_rate_by_kind_but_counts_all(counters):
    lines = []
    reporter = ProblemReporter(counters, lines.append, period_s=3600.0)
    for _ in range(3):
        reporter.report_drop("bad_image", "color topic /c: encoding xyz")
        reporter.report_warning("no_camera_info", "no message on /i")
        reporter.report_drop("superseded")
    assert lines == [
        "color topic /c: encoding xyz (bad_image: 1 dropped)",
        "no message on /i (no_camera_info: 1 times)",
    ]
    assert counters.snapshot().dropped == {"bad_image": 3, "superseded": 3}
    assert counters.snapshot().warnings == {"no_camera_info": 3}


def test_reporter_logs_again_after_the_period(counters):
    lines = []
    reporter = ProblemReporter(counters, lines.append, period_s=0.0)
    for text in ("first", "second"):
        reporter.report_drop("bad_image", text)
    assert lines == ["first (bad_image: 1 dropped)", "second (bad_image: 2 dropped)"]


def test_reporter_explains_drops_of_the_synchronizer(counters):
    lines = []
    ProblemReporter(counters, lines.append).report_drop("no_depth")
    assert "sync_slop" in lines[0]


def test_reporter_logs_the_time_jump_of_a_loop_once(counters):
    lines = []
    reporter = ProblemReporter(counters, lines.append, period_s=0.0)
    for _ in range(3):
        reporter.report_warning("time_jump", "time jumped back, so tracking is reset")
    assert lines == ["time jumped back, so tracking is reset (time_jump: 1 times)"]
    assert counters.snapshot().warnings == {"time_jump": 3}


def test_reporter_calls_back_at_faults_only(counters):
    drops = []
    reporter = ProblemReporter(
        counters, lambda _: None, on_fault=lambda: drops.append(counters.snapshot().dropped)
    )
    reporter.report_drop("superseded")
    reporter.report_drop("bad_image", "color topic /c: encoding xyz")
    assert drops == [{"superseded": 1, "bad_image": 1}]
