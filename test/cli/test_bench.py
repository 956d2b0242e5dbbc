"""`scenerep bench`."""

from __future__ import annotations

import json

import pytest

from scenerep_ros.cli import bench
from scenerep_ros.cli.main import main

SMALL = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--resolution", "128"]


@pytest.mark.slow
def test_bench_writes_stage_latencies_and_the_backbone_alone(tabletop_folder, tmp_path, capsys):
    pytest.importorskip("rclpy", reason="ROS is not installed")
    file = tmp_path / "bench.json"
    assert main(["bench", str(tabletop_folder), "--frames", "5", "--json", str(file), *SMALL]) == 0
    figures = json.loads(file.read_text())
    stages = {name: values["median"] for name, values in figures["node"]["latency_ms"].items()}
    assert {"decode", "backbone", "segment", "track", "publish/points"} <= set(stages)
    assert stages["overhead"] < stages["total"]
    assert stages["overhead"] >= stages["segment"]
    assert figures["bare_backbone"]["median"] > 0
    assert "overhead" in capsys.readouterr().out


@pytest.mark.slow
def test_bench_kmeans_has_about_the_inertia_of_scikit_learn(tabletop_folder, tmp_path):
    file = tmp_path / "kmeans.json"
    argv = ["bench", str(tabletop_folder), "--kmeans", "--frames", "1", "--json", str(file)]
    assert main([*argv, *SMALL]) == 0
    sweep = json.loads(file.read_text())["kmeans"]
    assert sweep["sizes"] == list(range(2, 11))
    assert max(sweep["inertia_ratio"]) < 1.05
    assert sweep["ratio"] > 0


def test_bench_without_a_source_measures_the_sample_sequence(tabletop_folder, monkeypatch, capsys):
    sources = []
    monkeypatch.setattr(bench, "measure_kmeans", lambda source, *_: sources.append(source) or {})
    monkeypatch.setattr(bench, "format_kmeans", str)
    assert main(["bench", "--kmeans"]) == 0
    assert sources == [str(tabletop_folder)]
    assert "threads" in capsys.readouterr().out
