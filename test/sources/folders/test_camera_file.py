"""Calibration files of folders of images."""

import pytest

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import KINECT, Intrinsics
from scenerep_ros.sources.folders.camera_file import read_calibration


def test_read_calibration_without_a_file_returns_the_defaults(tmp_path):
    calibration = read_calibration(tmp_path, depth_scale=0.0002)
    assert calibration.intrinsics == KINECT
    assert calibration.depth_scale == 0.0002


def test_read_calibration_overrides_only_the_given_keys(tmp_path):
    (tmp_path / "camera.json").write_text('{"fx": 500, "cx": 320.5}')
    calibration = read_calibration(tmp_path, depth_scale=0.0002)
    assert calibration.intrinsics == Intrinsics(500.0, KINECT.fy, 320.5, KINECT.cy)
    assert calibration.depth_scale == 0.0002


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"fx": 0}', "fx: Input should be greater than 0"),
        ('{"fx": 500, "depth_scale": 0}', "depth_scale: Input should be greater than 0"),
        ('{"fx": NaN}', "fx: Input should be a finite number"),
        ('{"focal": 525}', "focal: Extra inputs.*known keys: fx, fy, cx, cy, depth_scale"),
        ('{"cx": "centre"}', "cx: Input should be a valid number"),
        ("[1, 2]", "is not a JSON object"),
        ("{", "is not a JSON object"),
    ],
)
def test_read_calibration_with_invalid_content_names_the_key(tmp_path, content, message):
    (tmp_path / "camera.json").write_text(content)
    with pytest.raises(SourceError, match=f"camera.json: {message}"):
        read_calibration(tmp_path)
