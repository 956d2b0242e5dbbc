"""Tests of the index of shards: incomplete or unsafe shards are refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from layouts import truncate_file
from scenerep_training.data.recordings import open_recordings
from scenerep_training.datasets.shards import writing

from scenerep_ros.errors import ConfigError, SourceError

litdata = pytest.importorskip("litdata", reason="the extra `shards` is not installed")


@pytest.mark.parametrize("state", ["missing", "truncated"])
def test_shards_with_incomplete_chunk_raise(shards, state):
    chunk = next(shards.glob("*/*.bin"))
    if state == "missing":
        chunk.unlink()
    else:
        truncate_file(chunk)
    with pytest.raises(SourceError, match=f"chunk-0-0.bin: is {state}"):
        open_recordings([shards])


def write_index(shards, change):
    index = json.loads((shards / "index.json").read_text())
    change(index)
    (shards / "index.json").write_text(json.dumps(index))


def test_shards_with_pickled_items_are_refused_unread(shards, tmp_path):
    class Payload:
        def __reduce__(self):
            return Path.touch, (tmp_path / "executed",)

    folder = shards / "foreign"
    folder.mkdir()
    writer = writing.write_chunks(folder, 1)
    writer.add_item(0, [Payload(), b"", b"", "{}"])
    writer.done()
    writer.merge()
    foreign = json.loads((folder / "index.json").read_text())
    chunks = [chunk | {"filename": f"foreign/{chunk['filename']}"} for chunk in foreign["chunks"]]
    write_index(shards, lambda index: index.update(config=foreign["config"], chunks=chunks))
    with pytest.raises(SourceError, match=r"types.*pickle.*code, which is never run"):
        _ = open_recordings([shards]).sources[0][0]
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", ["../../outside.bin", "/outside.bin"])
def test_shards_with_chunk_outside_their_folder_are_refused(shards, name):
    write_index(shards, lambda index: index["chunks"][0].update(filename=name))
    with pytest.raises(SourceError, match=r"names the chunk .*outside"):
        open_recordings([shards])


@pytest.mark.parametrize("size", [0, -1, 2**40])
def test_index_with_impossible_chunk_size_is_refused(shards, size):
    write_index(shards, lambda index: index["chunks"][0].update(chunk_bytes=size))
    with pytest.raises(SourceError, match=r"states chunks of .* bytes, expected 1 to"):
        open_recordings([shards])


def test_shards_without_litdata_say_what_to_install(shards, monkeypatch):
    monkeypatch.setitem(sys.modules, "litdata", None)
    with pytest.raises(ConfigError, match=r"pip install 'scenerep-training\[shards\]'"):
        open_recordings([shards])


def test_index_is_readable_by_litdata_alone(shards):
    dataset = litdata.StreamingDataset(str(shards))
    description = json.loads(dataset[len(dataset) - 1][3])
    assert description["recording"] == "masked"
