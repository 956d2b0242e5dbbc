"""Tests of recordings that are opened on demand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from layouts import square_mask, write_davis, write_scene, write_tum
from scenerep_training.datasets.recordings import has_depth, list_recordings

from scenerep_ros.errors import FrameError, SourceError


def test_list_recordings_of_one_recording(real_data):
    recordings = list_recordings(real_data("tum_fr1_rpy"))
    assert list(recordings) == ["tum_fr1_rpy"]
    assert len(recordings["tum_fr1_rpy"]()) == 80


def test_list_recordings_of_folder_with_several_formats(tmp_path):
    write_tum(tmp_path / "b", [square_mask(1)] * 2)
    write_scene(tmp_path / "a", "0", square_mask(2))
    (tmp_path / "notes").mkdir()
    recordings = list_recordings(tmp_path)
    assert {name: open_recording().format_name for name, open_recording in recordings.items()} == {
        "a": "RGB-D folder",
        "b": "TUM folder",
    }


def test_list_recordings_of_davis_has_masks(tmp_path):
    recordings = list_recordings(write_davis(tmp_path))
    assert list(recordings) == ["bear", "swan"]
    assert recordings["swan"]().ground_truth(1).max() == 1


def test_has_depth_skips_unreadable_frame(tmp_path):
    write_tum(tmp_path / "tum", [square_mask(1)])
    frame = list_recordings(tmp_path / "tum")["tum"]()[0]

    def fail():
        raise FrameError("is damaged")

    assert has_depth([fail, lambda: frame])
    assert not has_depth([fail])
    assert not has_depth([lambda: replace(frame, depth=None), lambda: frame])


def test_damaged_recording_of_folder_raises_when_opened(tmp_path):
    write_tum(tmp_path / "good", [square_mask(1)])
    write_tum(tmp_path / "worse", [square_mask(1)])
    (tmp_path / "worse" / "rgb.txt").write_text("half a li")
    recordings = list_recordings(tmp_path)
    assert len(recordings["good"]()) == 1
    with pytest.raises(FrameError, match=r"rgb\.txt, line 1"):
        recordings["worse"]()


@pytest.mark.parametrize(("name", "reason"), [("", "expected"), ("nowhere", "does not exist")])
def test_list_recordings_without_recording_raises(tmp_path, name, reason):
    with pytest.raises(SourceError, match=reason):
        list_recordings(tmp_path / name)
