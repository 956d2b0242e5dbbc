from __future__ import annotations

import json

import pytest

from scenerep_ros.report import FrameCounts, RunReport, latency

TIMINGS = [{"backbone": float(ms), "cut": 2.0} for ms in range(1, 102)]


def report() -> RunReport:
    return RunReport(
        frames=FrameCounts(10, 10, 8, 2),
        fps=4.0,
        latency_ms=latency(TIMINGS),
        objects_per_frame=5.5,
        backbone="vit",
        method="kmeans",
        device="cpu",
        dropped={"superseded": 2},
    )


def test_latency_is_median_and_95th_percentile_in_the_order_of_stages():
    table = latency(TIMINGS)
    assert list(table) == ["backbone", "cut"]
    assert table["backbone"] == {"median": 51.0, "p95": 96.0}


def test_a_stage_that_not_every_frame_has_is_over_those_that_have_it():
    assert latency([{"a": 1.0}, {"a": 3.0, "b": 4.0}])["b"]["median"] == 4.0


def test_the_written_report_reads_back(tmp_path):
    report().write(tmp_path / "report.json")
    data = json.loads((tmp_path / "report.json").read_text())
    assert data["frames"] == {"published": 10, "received": 10, "segmented": 8, "dropped": 2}
    assert data["latency_ms"]["cut"]["median"] == pytest.approx(2.0)


def test_the_summary_says_what_was_dropped_and_why():
    assert "10 in, 8 segmented, 2 dropped (2 superseded)" in str(report())
