"""`scenerep bench`."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch

from scenerep_ros.cli import bench
from scenerep_ros.cli.main import main

SMALL = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--resolution", "128"]


@dataclass
class Run:
    """One run of the command: its figures, its plot, and what it printed."""

    figures: dict[str, Any]
    plot: Path
    text: str


@pytest.fixture(scope="module")
def bench_run(tmp_path_factory, tabletop_folder):
    pytest.importorskip("rclpy", reason="ROS is not installed")
    folder = tmp_path_factory.mktemp("bench")
    files = {"--json": folder / "bench.json", "--plot": folder / "bench.png"}
    flags = [str(value) for pair in files.items() for value in pair]
    argv = ["bench", str(tabletop_folder), "--frames", "2", *flags, *SMALL]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as output:
        patch.setenv("SCENEREP_CACHE", str(folder / "cache"))
        assert main(argv) == 0
    return Run(json.loads(files["--json"].read_text()), files["--plot"], output.getvalue())


@pytest.mark.slow
def test_bench_writes_the_stage_latencies_of_the_node(bench_run):
    sessions = bench_run.figures["node"]
    assert [session["frames"]["segmented"] for session in sessions] == [2, 2]
    latency = sessions[-1]["latency_ms"]
    stages = {name: values["median"] for name, values in latency.items()}
    assert {"decode", "backbone", "segment", "track", "publish/points"} <= set(stages)
    assert stages["overhead"] < stages["total"]
    assert stages["overhead"] >= stages["segment"]
    assert "overhead" in bench_run.text


@pytest.mark.slow
def test_bench_measures_runtimes_pipeline_and_yardsticks_in_rounds(bench_run):
    figures = bench_run.figures
    assert {"torch fp32", "onnxruntime fp32"} <= set(figures["runtimes"])
    assert {"backbone", "segment", "track"} <= set(figures["stages"])
    for passes in (*figures["runtimes"].values(), *figures["yardsticks"].values()):
        assert 0 < passes["min"] <= passes["median"] <= passes["p95"]
    assert cv2.imread(str(bench_run.plot)).shape[1] == 800
    assert "forward pass, interleaved" in bench_run.text


@pytest.mark.slow
def test_bench_kmeans_has_about_the_inertia_of_scikit_learn(tabletop_folder, tmp_path):
    torch.manual_seed(0)  # of the random weights
    file = tmp_path / "kmeans.json"
    argv = ["bench", str(tabletop_folder), "--kmeans", "--frames", "1", "--json", str(file)]
    assert main([*argv, *SMALL]) == 0
    sweep = json.loads(file.read_text())["kmeans"]
    assert sweep["sizes"] == list(range(2, 11))
    assert max(sweep["inertia_ratio"]) < 1.05
    assert sweep["ratio"] > 0


@pytest.mark.parametrize("flag", ["--kmeans", "--no-node"])
def test_bench_without_readable_frames_ends_with_an_error(tmp_path, capsys, flag):
    (tmp_path / "0.jpg").write_bytes(b"")
    assert main(["bench", str(tmp_path), flag]) == 1
    assert "no readable frame" in capsys.readouterr().err


def test_bench_without_a_source_measures_the_sample_sequence(tabletop_folder, monkeypatch, capsys):
    sources = []
    monkeypatch.setattr(
        bench, "measure_kmeans", lambda source, *_: sources.append(source.name) or {}
    )
    monkeypatch.setattr(bench, "format_kmeans", str)
    assert main(["bench", "--kmeans", "--load", "1"]) == 0
    assert sources == [tabletop_folder.name]
    text = capsys.readouterr().out
    assert "threads" in text
    assert "'load': 1" in text
