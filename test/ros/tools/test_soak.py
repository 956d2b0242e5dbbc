"""Short endurance test of the real nodes."""

from __future__ import annotations

import json
import os
import signal

import pytest

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from scenerep_ros.cli.main import main
from scenerep_ros.ros.tools import node_process, soak_client
from scenerep_ros.ros.tools import soak as soak_module
from scenerep_ros.ros.tools.process_usage import process_usage
from scenerep_ros.ros.tools.soak import SoakConstants, soak

OPTIONS = {
    "backbone": "vit_tiny_patch16_224",
    "weights": "random",
    "device": "cpu",
    "precision": "fp32",
    "resolution": 96,
    "method": "kmeans",
}


FAST = SoakConstants(sample_period_s=0.5, disturbance_period_s=1.0)


@pytest.mark.slow
def test_soak_applies_every_disturbance_and_records_resources(
    tabletop_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(soak_module, "CONSTANTS", FAST)
    report = soak(str(tabletop_folder), 0.6, OPTIONS, tmp_path)
    assert report.exit_code == 0
    assert len(report.disturbances) >= 5
    assert report.received["labels"] > 0
    assert not report.leftover_segments
    assert (tmp_path / "soak.json").is_file()


@pytest.mark.slow
def test_soak_without_answer_keeps_samples_and_fails(
    tabletop_folder, tmp_path, monkeypatch, capsys
):
    pytest.importorskip("matplotlib", reason="the extra bench is not installed")

    def stop_after_sample(pid):
        usage = process_usage(pid)
        os.kill(pid, signal.SIGSTOP)
        return usage

    monkeypatch.setattr(soak_module, "CONSTANTS", FAST)
    monkeypatch.setattr(soak_module, "process_usage", stop_after_sample)
    monkeypatch.setattr(soak_client, "SERVICE_TIMEOUT_S", 1.0)
    monkeypatch.setattr(node_process, "STOP_TIMEOUT_S", 1.0)
    flags = [f"--{name}={value}" for name, value in OPTIONS.items()]
    plot = tmp_path / "soak.png"
    words = ["--minutes", "5", "--out", str(tmp_path), "--plot", str(plot), *flags]
    assert main(["soak", str(tabletop_folder), *words]) == 1
    content = json.loads((tmp_path / "soak.json").read_text())
    assert content["samples"]
    assert content["problems"][0].startswith("no answer to: set tracking.max_lost")
    assert plot.is_file()
    assert "FAIL  no answer" in capsys.readouterr().out
