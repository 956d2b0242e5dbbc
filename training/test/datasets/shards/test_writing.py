"""Tests of the command that writes shards: resuming, replacing, failures."""

from __future__ import annotations

import pytest
from clips import write_video
from scenerep_training.cli.train import main
from scenerep_training.data.recordings import open_recordings
from scenerep_training.datasets.shards import writing
from scenerep_training.datasets.shards.writing import ShardOptions, write_shards

from scenerep_ros.errors import SourceError

pytest.importorskip("litdata", reason="the extra `shards` is not installed")


def test_interrupted_shards_continue_after_complete_recordings(recordings, tmp_path, monkeypatch):
    folder = tmp_path / "shards"
    write = writing._write_frames

    def stop_at_second(source, *arguments):
        if source.name == "walk":
            raise KeyboardInterrupt
        write(source, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(writing, "_write_frames", stop_at_second)
        assert main(["shards", *map(str, recordings), "--output", str(folder)]) == 130
    (complete,) = folder.iterdir()
    with pytest.raises(SourceError, match="expected"):
        open_recordings([folder])
    stamps = [path.stat().st_mtime_ns for path in sorted(complete.glob("*.bin"))]
    assert main(["shards", *map(str, recordings), "--output", str(folder)]) == 0
    assert [path.stat().st_mtime_ns for path in sorted(complete.glob("*.bin"))] == stamps
    assert [source.name for source in open_recordings([folder]).sources] == [
        open_recordings([path]).sources[0].name for path in recordings
    ]


def test_killed_command_leaves_nothing_after_the_next_one(recordings, tmp_path):
    folder = tmp_path / "shards"
    (job,) = writing.list_jobs(recordings[1])
    for name in (".scenerep-unpacked.x", f".{job.folder_name}.y"):
        (folder / name).mkdir(parents=True)
    write_shards(recordings[1:2], folder, ShardOptions())
    assert sorted(path.name for path in folder.iterdir()) == ["index.json", job.folder_name]


def test_later_command_adds_and_replaces_recordings(recordings, tmp_path):
    folder = tmp_path / "shards"
    write_shards(recordings[:2], folder, ShardOptions())
    write_video(recordings[0], 9)
    write_shards([recordings[0], recordings[2]], folder, ShardOptions())
    lengths = [len(source) for source in open_recordings([folder]).sources]
    assert lengths == [9, 5, 3]


def test_damaged_recording_is_named_and_others_are_written(recordings, tmp_path, capsys):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    folder = tmp_path / "shards"
    paths = [str(broken), str(recordings[1])]
    assert main(["shards", *paths, "--output", str(folder)]) == 1
    assert "1 of 2 recordings are left out" in (error := capsys.readouterr().err)
    assert "broken.mp4" in error
    assert [source.name for source in open_recordings([folder]).sources] == ["walk"]


def test_shards_of_missing_recording_write_nothing(recordings, tmp_path):
    with pytest.raises(SourceError, match="nowhere: does not exist"):
        write_shards([recordings[0], tmp_path / "nowhere"], tmp_path / "shards", ShardOptions())
    assert not (tmp_path / "shards").exists()


def test_folder_of_another_index_is_refused(recordings, tmp_path):
    (tmp_path / "index.json").write_text("{}")
    with pytest.raises(Exception, match="no index of shards"):
        write_shards(recordings, tmp_path, ShardOptions())
    assert (tmp_path / "index.json").read_text() == "{}"
