from __future__ import annotations

import json
import threading

import cv2
import numpy as np
import pytest
from conftest import ROOT

from scenerep_ros.cli.main import main
from scenerep_ros.errors import ScenerepError

pytest.importorskip("rclpy", reason="ROS is not installed")

from scenerep_ros.ros.tools.session import run_session

TABLETOP = str(ROOT / "test" / "data" / "tabletop")
SMALL = {"backbone": "vit_tiny_patch16_224", "weights": "random", "resolution": 128}


def test_the_demo_leaves_pictures_a_cloud_and_a_report_of_every_frame(tmp_path):
    argv = [f"--{name}={value}" for name, value in SMALL.items()]
    assert main(["demo", TABLETOP, "--out", str(tmp_path), "--max-frames", "8", *argv]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    frames = report["frames"]
    assert frames["published"] == 8
    assert frames["segmented"] + frames["dropped"] == 8
    labels = sorted((tmp_path / "labels").iterdir())
    assert len(labels) == frames["segmented"]
    assert cv2.imread(str(labels[0]), cv2.IMREAD_UNCHANGED).dtype == np.uint16
    assert cv2.VideoCapture(str(tmp_path / "overlay.mp4")).read()[0]
    assert (tmp_path / "cloud.ply").read_bytes().startswith(b"ply\n")
    assert list((tmp_path / "overlays").iterdir())
    assert "Traceback" not in (tmp_path / "logs" / "segmenter.log").read_text()
    assert "Traceback" not in (tmp_path / "logs" / "replay.log").read_text()


def test_a_node_that_cannot_start_is_reported_with_the_end_of_its_log(tmp_path):
    options = {"backbone": "resnet18", "weights": "random", "method": "nonsense"}
    before = threading.active_count()
    with pytest.raises(ScenerepError, match=r"(?s)segmenter ended with exit code 1.*nonsense"):
        run_session(TABLETOP, options, {}, tmp_path)
    assert threading.active_count() <= before
