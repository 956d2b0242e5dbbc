from __future__ import annotations

import json
import threading

import cv2
import numpy as np
import pytest
from conftest import ROOT
from recordings import START, color_image, record

from scenerep_ros.cli.main import main
from scenerep_ros.errors import ScenerepError

pytest.importorskip("rclpy", reason="ROS 2 is not installed")

from scenerep_ros.ros.monitoring.replay_report import ReplayReport
from scenerep_ros.ros.tools.session import run_session

TABLETOP = str(ROOT / "test" / "data" / "tabletop")
LIMIT_S = 600
"""Longer than the sum of the session's own timeouts, whose errors name the cause [s]."""
SMALL_OPTIONS = {"backbone": "vit_tiny_patch16_224", "weights": "random", "resolution": 128}


@pytest.mark.timeout(LIMIT_S)
def test_demo_writes_results_and_accounts_for_every_frame(tmp_path):
    argv = [f"--{name}={value}" for name, value in SMALL_OPTIONS.items()]
    logs = tmp_path / "logs"
    ReplayReport("an earlier session", published=99).write(logs / "replay.json")
    assert main(["demo", TABLETOP, "--out", str(tmp_path), "--max-frames", "8", *argv]) == 0
    frames = json.loads((tmp_path / "report.json").read_text())["frames"]
    assert frames["published"] == 8
    assert frames["segmented"] + frames["dropped"] == 8
    assert ReplayReport.read(logs / "replay.json") == ReplayReport(TABLETOP, published=8)
    labels = sorted((tmp_path / "labels").iterdir())
    assert len(labels) == frames["segmented"]
    assert cv2.imread(str(labels[0]), cv2.IMREAD_UNCHANGED).dtype == np.uint16
    assert cv2.VideoCapture(str(tmp_path / "overlay.mp4")).read()[0]
    assert (tmp_path / "cloud.ply").read_bytes().startswith(b"ply\n")
    assert list((tmp_path / "overlays").iterdir())
    assert "Traceback" not in (logs / "segmenter.log").read_text()
    assert "Traceback" not in (logs / "replay.log").read_text()


@pytest.mark.timeout(LIMIT_S)
def test_demo_without_any_segmented_frame_fails_with_reason(tmp_path, capsys):
    """The option chooses the camera whose images are too narrow."""
    with record(tmp_path / "two.bag") as bag:
        for camera, shape in (("a", (64, 80)), ("b", (3, 80))):
            bag.image(f"/{camera}/image_raw", START, color_image(0, shape), "rgb8")
    argv = [f"--{name}={value}" for name, value in SMALL_OPTIONS.items()]
    out = str(tmp_path / "out")
    assert main(["demo", str(tmp_path / "two.bag"), "--out", out, "--camera", "b", *argv]) == 1
    error = capsys.readouterr().err
    assert "none of its 1 published frames was segmented: image is 80x3 pixels" in error


@pytest.mark.timeout(LIMIT_S)
def test_session_failed_segmenter_raises_with_end_of_log(tmp_path):
    options = {"backbone": "resnet18", "weights": "random", "method": "nonsense"}
    threads = threading.active_count()
    with pytest.raises(ScenerepError, match=r"(?s)segmenter ended with exit code 1.*nonsense"):
        run_session(TABLETOP, options, {}, tmp_path)
    assert threading.active_count() <= threads
