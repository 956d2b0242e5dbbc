"""Tests of recordings in shards: writing, resuming, reading by index, folders and addresses."""

from __future__ import annotations

import json
import pickle
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from clips import write_images, write_video
from layouts import square_mask, truncate_file, write_davis, write_tum
from scenerep_training.cli.train import main
from scenerep_training.data.pairs import PairDataset
from scenerep_training.data.recordings import open_recordings
from scenerep_training.datasets import shard_storage, sharding
from scenerep_training.datasets.sharding import ShardOptions, write_shards
from scenerep_training.methods.registry import METHODS

from scenerep_ros.errors import ConfigError, FrameError, SourceError
from scenerep_ros.filesystem.atomic import write_image

litdata = pytest.importorskip("litdata", reason="the extra `shards` is not installed")

TABLETOP = Path(__file__).resolve().parents[3] / "test" / "data" / "tabletop"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def recordings(tmp_path):
    """Paths of a video, a folder of JPEG files and one with masks."""
    return [
        write_video(tmp_path / "drive.avi", 7),
        write_images(tmp_path / "walk", 5, suffix=".jpg"),
        write_tum(tmp_path / "masked", [square_mask(1)] * 3),
    ]


@pytest.fixture
def shards(recordings, tmp_path):
    write_shards(recordings, tmp_path / "shards", ShardOptions())
    return tmp_path / "shards"


def assert_equal_frames(actual, expected, stride=1):
    assert (actual.name, actual.rate, len(actual)) == (expected.name, expected.rate, len(expected))
    for index in range(0, len(expected), stride):
        one, other = actual[index], expected[index]
        assert (one.name, one.stamp_ns) == (other.name, other.stamp_ns)
        assert one.intrinsics == other.intrinsics
        for name in ("color", "depth", "pose"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        np.testing.assert_array_equal(actual.ground_truth(index), expected.ground_truth(index))


def test_shards_hold_the_frames_that_training_reads(shards, recordings):
    actual, expected = open_recordings([shards]), open_recordings(recordings)
    assert actual.probabilities == pytest.approx(expected.probabilities)
    assert actual.has_pairs == expected.has_pairs
    for one, other in zip(actual.sources, expected.sources, strict=True):
        assert_equal_frames(pickle.loads(pickle.dumps(one)), other)
    assert actual.sources[0].color_frame(3).depth is None


@pytest.mark.slow
def test_shards_of_rgbd_recording_keep_depth_and_poses(tmp_path):
    write_shards([TABLETOP], tmp_path / "shards", ShardOptions(chunk_mb=1))
    assert len(list(tmp_path.glob("shards/*/*.bin"))) > 1
    (actual,), (expected,) = (
        open_recordings([path]).sources for path in (tmp_path / "shards", TABLETOP)
    )
    assert actual[17].depth is not None
    assert_equal_frames(actual, expected, stride=7)


def test_shards_give_the_pairs_of_the_recordings(shards, recordings):
    def drawn(paths):
        drawn_names = []

        def transform(pair):
            drawn_names.append((pair.sequence, pair.first.name, pair.second.name))
            return {}

        transform.needs_depth = transform.needs_masks = False
        options = METHODS["simclr"].Options(workers=0)
        pairs = PairDataset(open_recordings(paths), transform, options, 5, 20)
        for index in range(20):
            pairs[index]
        return drawn_names

    assert drawn([shards]) == drawn(recordings)


def test_shards_of_unrelated_images_are_not_paired(tmp_path):
    noise = np.random.default_rng(0)
    for index in range(6):
        image = noise.integers(0, 256, (48, 64, 3), np.uint8)
        write_image(tmp_path / "stills" / f"{index}.png", image)
    write_shards([tmp_path / "stills"], tmp_path / "shards", ShardOptions())
    assert open_recordings([tmp_path / "shards"]).has_pairs == (False,)


def test_shards_of_davis_hold_all_sequences(tmp_path):
    davis = write_davis(tmp_path / "davis")
    write_shards([davis], tmp_path / "shards", ShardOptions())
    sources = open_recordings([tmp_path / "shards"]).sources
    for actual, expected in zip(sources, open_recordings([davis]).sources, strict=True):
        assert_equal_frames(actual, expected)


def test_interrupted_shards_continue_after_complete_recordings(recordings, tmp_path, monkeypatch):
    folder = tmp_path / "shards"
    write = sharding._write_frames

    def stop_at_second(source, *arguments):
        if source.name == "walk":
            raise KeyboardInterrupt
        write(source, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(sharding, "_write_frames", stop_at_second)
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
    (job,) = sharding.list_jobs(recordings[1])
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


def test_unreadable_frame_keeps_its_place_and_error(tmp_path):
    images = write_images(tmp_path / "images", 4, suffix=".jpg")
    truncate_file(images / "002.jpg")
    write_shards([images], tmp_path / "shards", ShardOptions())
    (source,) = open_recordings([tmp_path / "shards"]).sources
    with pytest.raises(FrameError, match=r"002\.jpg: image is truncated"):
        source[2]
    assert source.frame_name(2) == "002"
    assert source[3].name == "003"
    with pytest.raises(IndexError):
        source[4]


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
    writer = sharding.write_chunks(folder, 1)
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


def test_shards_without_poses_refuse_odometry(shards):
    with pytest.raises(ConfigError, match=r"masked: has no poses.*shards --odometry"):
        open_recordings([shards], odometry=True)


class RangeHandler(SimpleHTTPRequestHandler):
    """Serves a folder; answers byte ranges as nginx and buckets do."""

    def do_GET(self):
        if "Range" not in self.headers:
            return super().do_GET()
        first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
        content = Path(self.translate_path(self.path)).read_bytes()[first : last + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def serve(shards):
    """Function that serves the shards with a handler and returns their address."""
    servers = []

    def start(handler):
        server = ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(handler, directory=str(shards.parent))
        )
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/{shards.name}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_shards_at_an_address_equal_those_of_the_folder(serve, shards):
    served = open_recordings([Path(serve(RangeHandler))]).sources
    for actual, expected in zip(served, open_recordings([shards]).sources, strict=True):
        assert_equal_frames(actual, expected)


def ranges_of(requests):
    """Handler that records the length of each range that is requested."""

    class Recording(RangeHandler):
        def do_GET(self):
            if "Range" in self.headers:
                first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
                requests.append(last - first + 1)
            super().do_GET()

    return Recording


@pytest.mark.parametrize("end", [0, 10**6, 2**32 - 1])
def test_item_beyond_its_chunk_is_refused_unread(serve, shards, end):
    chunk = next(path for path in shards.glob("*/*.bin") if path.parent.name.startswith("drive"))
    content = bytearray(chunk.read_bytes())
    content[8:12] = end.to_bytes(4, "little")  # end of the first item, after its number and begin
    chunk.write_bytes(content)
    requests = []
    source = open_recordings([Path(serve(ranges_of(requests)))]).sources[0]
    with pytest.raises(FrameError, match=r"has an item from byte .* bytes by index\.json"):
        source[0]
    assert max(requests) == 8  # the begin and the end of the item
    assert source[2].name  # others are read


def test_index_that_is_too_large_is_refused(serve, monkeypatch):
    monkeypatch.setattr(shard_storage, "MAX_INDEX_BYTES", 100)
    with pytest.raises(
        SourceError, match=r"index\.json: .*101 bytes, more than the 100 of an index"
    ):
        open_recordings([Path(serve(RangeHandler))])


def test_server_without_ranges_is_named(serve):
    class WholeFiles(RangeHandler):
        def do_GET(self):
            del self.headers["Range"]
            return super().do_GET()

    source = open_recordings([Path(serve(WholeFiles))]).sources[0]
    with pytest.raises(FrameError, match="ignores byte ranges"):
        source[0]


def test_address_without_shards_raises_with_its_name(serve):
    with pytest.raises(SourceError, match=r"http://127.*/nowhere/index\.json: cannot be read"):
        open_recordings([Path(serve(RangeHandler)) / "nowhere"])


def test_index_is_readable_by_litdata_alone(shards):
    dataset = litdata.StreamingDataset(str(shards))
    description = json.loads(dataset[len(dataset) - 1][3])
    assert description["recording"] == "masked"
