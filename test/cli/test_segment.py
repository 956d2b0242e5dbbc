"""`scenerep segment`."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from scenerep_ros.cli.main import main
from scenerep_ros.frames import UNLABELLED

SMALL = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--resolution", "128"]


@pytest.fixture(scope="module")
def results(tabletop_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    argv = ["segment", str(tabletop_folder), "--out", str(out), "--max-frames", "4", *SMALL]
    assert main([*argv, "--method", "kmeans", "--clouds", "--attention", "--device", "cpu"]) == 0
    return out


@pytest.mark.slow
def test_segment_names_outputs_after_the_frames(results, tabletop_folder):
    names = sorted(path.stem for path in (tabletop_folder / "rgb").iterdir())[:4]
    for folder, suffix in (("labels", "png"), ("clouds", "ply"), ("attention", "png")):
        assert sorted(path.name for path in (results / folder).iterdir()) == [
            f"{name}.{suffix}" for name in names
        ]


def test_segment_labels_are_16_bit_images_with_objects(results):
    for path in (results / "labels").iterdir():
        labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert labels.dtype == np.uint16
        assert labels.shape == (480, 640)
        assert set(np.unique(labels)) - {0, UNLABELLED}


def test_segment_overlay_video_has_all_frames(results):
    video = cv2.VideoCapture(str(results / "overlay.mp4"))
    frames = 0
    while video.read()[0]:
        frames += 1
    assert frames == 4


def test_segment_report_counts_every_frame(results):
    report = json.loads((results / "report.json").read_text())
    assert report["frames"] == {"published": 4, "received": 4, "segmented": 4, "dropped": 0}
    assert {"backbone", "segment", "track"} <= set(report["latency_ms"])
    assert report["objects_per_frame"] > 0
    assert report["device"] == "cpu"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--method", "kmean"], "did you mean kmeans"),
        (["--backbone", "vit_smal_patch14_dinov2"], "vit_small_patch14_dinov2"),
        (["--weights", "nowhere.safetensors"], "nowhere.safetensors"),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_segment_with_invalid_option_prints_one_line_and_fails(
    tabletop_folder, tmp_path, capsys, argv, message
):
    assert main(["segment", str(tabletop_folder), "--out", str(tmp_path), *argv]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_segment_with_missing_source_names_it(tmp_path, capsys):
    assert main(["segment", str(tmp_path / "no"), "--out", str(tmp_path / "out"), *SMALL]) == 1
    assert str(tmp_path / "no") in capsys.readouterr().err
