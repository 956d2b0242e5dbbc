"""Calibration files of folders of images."""

import pytest

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import KINECT, Intrinsics
from scenerep_ros.sources.folders.camera_file import read_calibration


def test_read_calibration_without_a_file_returns_the_defaults(tmp_path):
    calibration = read_calibration(tmp_path, depth_scale=0.0002)
    assert calibration.intrinsics == KINECT
    assert calibration.depth_scale == 0.0002


def test_read_calibration_keeps_the_defaults_of_absent_parts(tmp_path):
    (tmp_path / "camera.json").write_text('{"fx": 500, "fy": 501, "cx": 320.5, "cy": 240}')
    calibration = read_calibration(tmp_path, depth_scale=0.0002)
    assert calibration.intrinsics == Intrinsics(500.0, 501.0, 320.5, 240.0)
    assert calibration.depth_scale == 0.0002
    (tmp_path / "camera.json").write_text('{"depth_scale": 0.001}')
    calibration = read_calibration(tmp_path, depth_scale=0.0002)
    assert calibration.intrinsics == KINECT
    assert calibration.depth_scale == 0.001


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_read_calibration_accepts_the_encodings_of_windows_editors(tmp_path, encoding):
    (tmp_path / "camera.json").write_text('{"depth_scale": 0.002}', encoding)
    assert read_calibration(tmp_path).depth_scale == 0.002


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"fx": 0, "fy": 1, "cx": 0, "cy": 0}', "fx: Input should be greater than 0"),
        ('{"fx": 900, "cx": 640, "cy": 360}', "lacks fy: the intrinsics are fx, fy, cx, cy"),
        ('{"depth_scale": 0}', "depth_scale: Input should be greater than 0"),
        ('{"fx": NaN, "fy": 1, "cx": 0, "cy": 0}', "fx: Input should be a finite number"),
        ('{"focal": 525}', "focal: Extra inputs.*known keys: fx, fy, cx, cy, depth_scale"),
        ('{"fx": 1, "fy": 1, "cx": "centre", "cy": 0}', "cx: Input should be a valid number"),
        ("[1, 2]", r"is not a JSON object but a list \("),
        ("{", "is not a JSON object"),
    ],
)
def test_read_calibration_with_invalid_content_names_the_key(tmp_path, content, message):
    (tmp_path / "camera.json").write_text(content)
    with pytest.raises(SourceError, match=f"camera.json: {message}"):
        read_calibration(tmp_path)
