"""Paths that are no recording are refused with what was looked for."""

import pytest
from recordings import color_image, write_image

from scenerep_ros.errors import SourceError
from scenerep_ros.sources import open_source

KINDS = (
    r"rgb.txt and depth.txt.*\.bag.*metadata.yaml.*color/ \(or rgb/\) and depth/.*"
    r"frame-\*.*PNG or JPEG.*video"
)


def test_missing_path(tmp_path):
    with pytest.raises(SourceError, match=f"nothing: does not exist; expected .*{KINDS}"):
        open_source(tmp_path / "nothing")


def test_empty_folder(tmp_path):
    with pytest.raises(SourceError, match=f"is an empty folder; expected .*{KINDS}"):
        open_source(str(tmp_path))


def test_folder_of_other_things(tmp_path):
    (tmp_path / "thesis.pdf").touch()
    with pytest.raises(SourceError, match=f"holds thesis.pdf, so .*{KINDS}"):
        open_source(tmp_path)


def test_file_of_no_known_kind(tmp_path):
    (tmp_path / "thesis.pdf").touch()
    with pytest.raises(SourceError, match=f"is a file of no known kind; expected .*{KINDS}"):
        open_source(tmp_path / "thesis.pdf")


def test_rgbd_folder_without_pairs(tmp_path):
    write_image(tmp_path / "color" / "a.png", color_image(0))
    (tmp_path / "depth").mkdir()
    with pytest.raises(SourceError, match="none of 1 colour and 0 depth images have equal names"):
        open_source(tmp_path)


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
def test_wrong_calibration_is_named(tmp_path, content, message):
    for kind in ("color", "depth"):
        write_image(tmp_path / kind / "a.png", color_image(0))
    (tmp_path / "camera.json").write_text(content)
    with pytest.raises(SourceError, match=f"camera.json: {message}"):
        open_source(tmp_path)
