from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from layouts import co3d_frame, square, write_annotations, write_co3d
from scenerep_training.datasets.single_object import list_single_object

from scenerep_ros.errors import SourceError

APPLE = [
    f"apple/{sequence}/frame{number:06d}" for sequence in ("110_1", "12_2") for number in (0, 1)
]


def test_frames_come_sequence_after_sequence_and_in_order(tmp_path):
    listed = list_single_object(write_co3d(tmp_path))
    assert list(listed)[:4] == APPLE
    assert [name.split("/")[0] for name in listed] == ["apple"] * 4 + ["bottle"] * 4
    color, mask = listed["apple/12_2/frame000001"].read()
    assert color.shape == (48, 64, 3)
    np.testing.assert_array_equal(mask, square(left=4) > 0)


def test_one_category(tmp_path, monkeypatch):
    write_co3d(tmp_path)
    assert list(list_single_object(tmp_path / "apple")) == APPLE
    monkeypatch.chdir(tmp_path / "apple")
    assert list(list_single_object(Path())) == APPLE


def test_frames_without_mask_are_left_out(tmp_path):
    frames = [co3d_frame("cup", "1", number) for number in range(3)]
    frames[1]["mask"] = None
    write_annotations(tmp_path / "cup", frames)
    assert list(list_single_object(tmp_path)) == ["cup/1/frame000000", "cup/1/frame000002"]


@pytest.mark.parametrize(
    ("frames", "message"),
    [({}, "expected a list"), ([{"image": {}}, {"mask": {"path": "a"}}], "a frame lacks")],
)
def test_other_annotations_are_named(tmp_path, frames, message):
    write_annotations(tmp_path / "cup", frames)
    with pytest.raises(SourceError, match=rf"frame_annotations\.jgz: {message}"):
        list_single_object(tmp_path)


def test_a_file_that_is_no_gzip_is_named(tmp_path):
    write_annotations(tmp_path / "cup", [])
    (tmp_path / "cup" / "frame_annotations.jgz").write_bytes(b"git-lfs pointer")
    with pytest.raises(SourceError, match="is no gzipped JSON"):
        list_single_object(tmp_path)


def test_another_layout_is_named_with_what_was_expected(tmp_path):
    with pytest.raises(SourceError, match=r"CO3D .* or DAVIS"):
        list_single_object(tmp_path)
