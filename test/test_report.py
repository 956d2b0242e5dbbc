"""Stopwatch, latency summary and the report of a run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from scenerep_ros.report import (
    FrameCounts,
    RunLog,
    RunReport,
    Stopwatch,
    format_latency,
    summarize_latency,
)

TIMINGS = [{"backbone": float(ms), "cut": 2.0} for ms in range(1, 102)]


def make_report() -> RunReport:
    return RunReport(
        frames=FrameCounts(10, 10, 8, 2),
        fps=4.0,
        latency_ms=summarize_latency(TIMINGS),
        objects_per_frame=5.5,
        backbone="vit",
        method="kmeans",
        device="cpu",
        dropped={"superseded": 2},
    )


def test_stopwatch_keeps_stage_order_and_adds_repeated_stages():
    watch = Stopwatch()
    for stage in ("backbone", "cut", "backbone"):
        with watch(stage):
            time.sleep(0.002)
    assert list(watch.timings) == ["backbone", "cut"]
    assert watch.timings["backbone"] >= 4.0


def test_report_module_imports_without_torch():
    command = "import sys, scenerep_ros.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


def test_summarize_latency_orders_stages_and_takes_percentiles():
    table = summarize_latency(TIMINGS)
    assert list(table) == ["backbone", "cut"]
    assert table["backbone"] == {"median": 51.0, "p95": 96.0}


def test_summarize_latency_ignores_frames_without_the_stage():
    assert summarize_latency([{"a": 1.0}, {"a": 3.0, "b": 4.0}])["b"]["median"] == 4.0


def test_format_latency_has_one_line_a_stage():
    lines = format_latency({"cut": {"median": 2.04, "p95": 12.5}}).splitlines()
    assert [line.split() for line in lines] == [
        ["stage", "median", "p95", "ms"],
        ["cut", "2.0", "12.5"],
    ]


def test_run_report_written_as_json_reads_back(tmp_path):
    make_report().write(tmp_path / "report.json")
    data = json.loads((tmp_path / "report.json").read_text())
    assert data["frames"] == {"published": 10, "received": 10, "segmented": 8, "dropped": 2}
    assert data["latency_ms"]["cut"]["median"] == pytest.approx(2.0)


def test_run_report_summary_names_dropped_frames_and_reasons():
    assert "10 in, 8 segmented, 2 dropped (2 superseded)" in str(make_report())


def test_run_log_report_counts_frames_and_mean_objects():
    log = RunLog()
    for count in (1, 4):
        log.add(SimpleNamespace(timings={"cut": 2.0}, objects=(None,) * count))
    pipeline = SimpleNamespace(
        backbone=SimpleNamespace(name="vit", device="cpu", runtime="torch fp32"),
        config=SimpleNamespace(method="fused"),
    )
    log.add_refused("0003", "too narrow")
    report = log.report(unreadable=1, pipeline=pipeline)
    assert report.frames == FrameCounts(published=4, received=3, segmented=2, dropped=2)
    assert report.objects_per_frame == 2.5
    assert report.dropped == {"unreadable": 1, "refused": 1}
    assert report.refused == {"0003": "too narrow"}
    assert report.latency_ms["cut"] == {"median": 2.0, "p95": 2.0}
