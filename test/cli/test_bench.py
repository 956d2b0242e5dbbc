from __future__ import annotations

import json

import pytest
from conftest import ROOT

from scenerep_ros.cli.main import main

TABLETOP = str(ROOT / "test" / "data" / "tabletop")
SMALL = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--resolution", "128"]


def test_the_stages_add_up_to_the_total_and_stand_beside_the_bare_backbone(tmp_path, capsys):
    pytest.importorskip("rclpy", reason="ROS is not installed")
    file = tmp_path / "bench.json"
    assert main(["bench", TABLETOP, "--frames", "5", "--json", str(file), *SMALL]) == 0
    figures = json.loads(file.read_text())
    stages = {name: values["median"] for name, values in figures["node"]["latency_ms"].items()}
    assert {"decode", "backbone", "cut", "track", "publish/points"} <= set(stages)
    assert stages["overhead"] < stages["total"]
    assert stages["overhead"] >= stages["cut"]
    assert figures["bare_backbone"]["median"] > 0
    assert "overhead" in capsys.readouterr().out


def test_k_means_is_compared_at_equal_inertia(tmp_path):
    file = tmp_path / "kmeans.json"
    argv = ["bench", TABLETOP, "--kmeans", "--frames", "1", "--json", str(file), *SMALL]
    assert main(argv) == 0
    sweep = json.loads(file.read_text())["kmeans"]
    assert sweep["sizes"] == list(range(2, 11))
    assert max(sweep["inertia_ratio"]) < 1.05
    assert sweep["ratio"] > 0
