"""Tests of CO3D: frames with masks, sequences and damaged annotations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from layouts import co3d_frame, square_mask, write_annotations, write_co3d
from scenerep_training.datasets.co3d import list_co3d_sequences
from scenerep_training.datasets.single_object import list_single_object

from scenerep_ros.errors import SourceError

APPLE_FRAMES = [
    f"apple/{sequence}/frame{number:06d}" for sequence in ("110_1", "12_2") for number in (0, 1)
]


def test_frames_are_sorted_by_sequence_and_number(tmp_path):
    frames = list_single_object(write_co3d(tmp_path))
    assert list(frames)[:4] == APPLE_FRAMES
    assert [name.split("/")[0] for name in frames] == ["apple"] * 4 + ["bottle"] * 4
    color, mask = frames["apple/12_2/frame000001"].read()
    assert color.shape == (48, 64, 3)
    np.testing.assert_array_equal(mask, square_mask(left=4) > 0)


def test_frames_of_one_category(tmp_path, monkeypatch):
    write_co3d(tmp_path)
    assert list(list_single_object(tmp_path / "apple")) == APPLE_FRAMES
    monkeypatch.chdir(tmp_path / "apple")
    assert list(list_single_object(Path())) == APPLE_FRAMES


def test_frames_without_mask_are_left_out(tmp_path):
    frames = [co3d_frame("cup", "1", number) for number in range(3)]
    frames[1]["mask"] = None
    write_annotations(tmp_path / "cup", frames)
    assert list(list_single_object(tmp_path)) == ["cup/1/frame000000", "cup/1/frame000002"]


def test_sequences_have_the_object_as_label_one(tmp_path):
    sequences = list_co3d_sequences(write_co3d(tmp_path) / "apple")
    assert [(sequence.name, len(sequence)) for sequence in sequences] == [("110_1", 2), ("12_2", 2)]
    np.testing.assert_array_equal(sequences[0].ground_truth(1), square_mask(1, left=4))


@pytest.mark.parametrize(
    ("frames", "message"),
    [({}, "expected a list"), ([{"image": {}}, {"mask": {"path": "a"}}], "a frame lacks")],
)
def test_other_annotations_raise_with_file_name(tmp_path, frames, message):
    write_annotations(tmp_path / "cup", frames)
    with pytest.raises(SourceError, match=rf"frame_annotations\.jgz: {message}"):
        list_single_object(tmp_path)


def test_annotations_without_gzip_raise(tmp_path):
    write_annotations(tmp_path / "cup", [])
    (tmp_path / "cup" / "frame_annotations.jgz").write_bytes(b"git-lfs pointer")
    with pytest.raises(SourceError, match="is no gzipped JSON"):
        list_single_object(tmp_path)


def test_other_layout_raises_with_expected_layouts(tmp_path):
    with pytest.raises(SourceError, match=r"CO3D .* or DAVIS"):
        list_single_object(tmp_path)
