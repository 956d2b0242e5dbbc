"""`scenerep bench`."""

from __future__ import annotations

import json

import cv2
import pytest

from scenerep_ros.cli import bench
from scenerep_ros.cli.main import main

SMALL = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--resolution", "128"]


@pytest.mark.slow
def test_bench_writes_the_stage_latencies_of_the_node(tabletop_folder, tmp_path, capsys):
    pytest.importorskip("rclpy", reason="ROS is not installed")
    file = tmp_path / "bench.json"
    assert main(["bench", str(tabletop_folder), "--frames", "5", "--json", str(file), *SMALL]) == 0
    figures = json.loads(file.read_text())
    assert len(figures["node"]) == 2
    latency = figures["node"][-1]["latency_ms"]
    stages = {name: values["median"] for name, values in latency.items()}
    assert {"decode", "backbone", "segment", "track", "publish/points"} <= set(stages)
    assert stages["overhead"] < stages["total"]
    assert stages["overhead"] >= stages["segment"]
    assert "overhead" in capsys.readouterr().out


@pytest.mark.slow
def test_bench_measures_runtimes_pipeline_and_yardsticks_in_rounds(
    tabletop_folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path / "cache"))
    json_file, plot = tmp_path / "bench.json", tmp_path / "bench.png"
    argv = ["bench", str(tabletop_folder), "--frames", "2", "--no-node", "--load", "1"]
    assert main([*argv, "--json", str(json_file), "--plot", str(plot), *SMALL]) == 0
    figures = json.loads(json_file.read_text())
    assert {"torch fp32", "onnxruntime fp32"} <= set(figures["runtimes"])
    assert {"backbone", "segment", "track"} <= set(figures["stages"])
    for passes in (*figures["runtimes"].values(), *figures["yardsticks"].values()):
        assert 0 < passes["min"] <= passes["median"] <= passes["p95"]
    assert cv2.imread(str(plot)).shape[1] == 800
    assert "forward pass, interleaved" in capsys.readouterr().out


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
    monkeypatch.setattr(
        bench, "measure_kmeans", lambda source, *_: sources.append(source.name) or {}
    )
    monkeypatch.setattr(bench, "format_kmeans", str)
    assert main(["bench", "--kmeans"]) == 0
    assert sources == [tabletop_folder.name]
    assert "threads" in capsys.readouterr().out
