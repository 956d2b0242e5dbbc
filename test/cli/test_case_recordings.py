"""Recordings with the faults of real cameras and recorders, from `../shared/cases`.

Each fault also has a test of its own, on an input made by code, beside the module that handles it.
"""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from conftest import data_folder

from scenerep_ros.cli.main import main
from scenerep_ros.geometry import deproject
from scenerep_ros.sources import open_source

SMALL = ["--backbone", "vit_tiny_patch16_224", "--weights", "random", "--resolution", "64"]
CASES = {
    "UPPER.BAG": 3,
    "ci_binning": 3,
    "ci_roi": 3,
    "compdepth16": 3,
    "dep_32FC1mm": 3,
    "enc_yuv422_yuy2": 3,
    "im_mac": 2,
    "im_stems": 3,
    "log_zero": 3,
    "m16_only_10bit": 3,
    "ns_depth_camera": 3,
    "rd_pal": 2,
    "rsviewer.bag": 3,
    "st_offset": 3,
    "thin_among": 2,
    "tum_bom": 3,
    "tum_dupstamp": 3,
    "tum_nan_gt": 3,
    "tum_ns": 3,
    "two_cams_a_nodepth": 3,
    "videos/2024-01-01T10:00:00.mp4": 3,
    "videos/fast.mkv": 3,
    "videos/vfr.mkv": 3,
}
"""Number of the first three frames that are segmented, by the path of the input."""
OPTIONS = {"st_offset": ["--sync-slop", "0.034"]}
WITHOUT_DEPTH = ("im_", "m16", "thin", "videos")


def case_path(name):
    """Return the path of an input; skip the test where it is absent."""
    path = data_folder().parent / "cases" / name
    if not path.exists():
        pytest.skip(f"{path} is absent; set SCENEREP_DATA to the folder beside it")
    return path


@pytest.mark.data
@pytest.mark.parametrize(("name", "segmented"), CASES.items())
def test_segment_of_each_case_writes_every_frame(name, segmented, tmp_path, monkeypatch):
    path = case_path(name)
    monkeypatch.chdir(path.parent)
    argv = ["segment", path.name, "--out", str(tmp_path / "out"), "--max-frames", "3", *SMALL]
    assert main([*argv, "--device", "cpu", *OPTIONS.get(name, [])]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["frames"]["segmented"] == segmented
    labels = list((tmp_path / "out" / "labels").iterdir())
    assert len({label.name.casefold() for label in labels}) == segmented
    video = cv2.VideoCapture(str(tmp_path / "out" / "overlay.mp4"))
    assert video.isOpened()


@pytest.mark.data
@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith(WITHOUT_DEPTH)])
def test_source_of_each_case_has_plausible_depth(name):
    if name in OPTIONS or name == "two_cams_a_nodepth":
        pytest.skip("needs an option")
    frame = next(iter(open_source(case_path(name))))
    assert 0.3 < np.nanmedian(frame.depth) < 10


@pytest.mark.data
@pytest.mark.parametrize("name", ["ci_binning", "ci_roi"])
def test_source_of_camera_info_cases_has_true_width(name):
    frame = next(iter(open_source(case_path(name))))
    x = deproject(frame.depth, frame.intrinsics)[..., 0]
    assert np.nanmax(x) - np.nanmin(x) == pytest.approx(1.57, abs=0.1)


@pytest.mark.data
def test_source_of_log_zero_has_the_camera_rate():
    assert open_source(case_path("log_zero")).rate == pytest.approx(30, rel=0.01)


@pytest.mark.data
def test_source_of_ten_bit_gray_is_not_black():
    frame = next(iter(open_source(case_path("m16_only_10bit"))))
    assert frame.color.mean() > 40


@pytest.mark.data
def test_source_of_palette_labels_reads_indices():
    truth = open_source(case_path("rd_pal")).ground_truth(0)
    assert 1 < len(np.unique(truth)) < 30


@pytest.mark.data
@pytest.mark.parametrize("name", ["fast.mkv", "vfr.mkv", "2024-01-01T10:00:00.mp4"])
def test_source_of_each_video_decodes_eight_frames(name):
    source = open_source(case_path(f"videos/{name}"))
    frames = list(source)
    assert len(frames) == len(source) == 8
    assert source.skipped == []
    stamps_s = [frame.stamp_ns * 1e-9 for frame in frames]
    expected = {"vfr.mkv": [0, 0.1, 0.2, 0.3, 4, 5, 6, 7], "fast.mkv": np.arange(8) / 1000}
    np.testing.assert_allclose(stamps_s, expected.get(name, np.arange(8) / 10), atol=1e-6)
