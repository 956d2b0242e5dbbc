from __future__ import annotations

import pytest
from layouts import square, write_davis, write_scene, write_tum
from scenerep_training.datasets.recordings import list_recordings

from scenerep_ros.errors import FrameError, SourceError


def test_one_recording(real_data):
    recordings = list_recordings(real_data("tum_fr1_rpy"))
    assert list(recordings) == ["tum_fr1_rpy"]
    assert len(recordings["tum_fr1_rpy"]()) == 80


def test_a_folder_of_recordings_of_any_kind(tmp_path):
    write_tum(tmp_path / "b", [square(1)] * 2)
    write_scene(tmp_path / "a", "0", square(2))
    (tmp_path / "notes").mkdir()
    recordings = list_recordings(tmp_path)
    assert {name: opened().format_name for name, opened in recordings.items()} == {
        "a": "RGB-D folder",
        "b": "TUM folder",
    }


def test_davis_brings_its_masks(tmp_path):
    recordings = list_recordings(write_davis(tmp_path))
    assert list(recordings) == ["bear", "swan"]
    assert recordings["swan"]().ground_truth(1).max() == 1


def test_a_damaged_recording_of_several_is_met_when_its_turn_comes(tmp_path):
    write_tum(tmp_path / "good", [square(1)])
    write_tum(tmp_path / "worse", [square(1)])
    (tmp_path / "worse" / "rgb.txt").write_text("half a li")
    recordings = list_recordings(tmp_path)
    assert len(recordings["good"]()) == 1
    with pytest.raises(FrameError, match=r"rgb\.txt, line 1"):
        recordings["worse"]()


def test_no_recording(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SourceError, match="expected"):
            list_recordings(path)
