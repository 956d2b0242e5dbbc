"""MCAP files whose recorder was killed."""

from __future__ import annotations

import numpy as np
import pytest
from recordings import PERIOD, START, color_image, depth_image, record

from scenerep_ros.errors import SourceError
from scenerep_ros.sources import open_source
from scenerep_ros.sources.bags.unfinished_mcap import CHUNK_HEAD, HEAD, MAGIC, Op, complete

COUNT = 12
SHAPE = (240, 320)
"""Shape of the images, of which some fill a chunk."""


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """Bytes of a whole file of several chunks."""
    folder = tmp_path_factory.mktemp("bags") / "mcap"
    with record(folder) as bag:
        for index in range(COUNT):
            stamp = START + index * PERIOD
            bag.info("/camera/rgb/camera_info", stamp)
            bag.image("/camera/rgb/image_color", stamp, color_image(index, SHAPE), "rgb8")
            bag.image("/camera/depth/image", stamp + 1, depth_image(index, SHAPE), "16UC1")
    return (folder / "mcap.mcap").read_bytes()


def records(content):
    """Yield opcode, start and end of all records."""
    position = len(MAGIC)
    while position < len(content) - len(MAGIC):
        op, size = HEAD.unpack_from(content, position)
        yield op, position, position + HEAD.size + size
        position += HEAD.size + size


def chunk_ends(content):
    return [end for op, _, end in records(content) if op == Op.CHUNK]


def frames_of(path, content):
    path.write_bytes(content)
    return list(open_source(path))


def assert_first_frames(frames, count):
    assert len(frames) == count
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(frame.color, color_image(index, SHAPE))
        assert frame.depth is not None
        assert frame.intrinsics is not None


def test_unfinished_mcap_without_summary_has_all_frames(content, tmp_path):
    data_end = next(start for op, start, _ in records(content) if op == Op.DATA_END)
    for end in (data_end, data_end + 3, len(content) - 1):
        assert_first_frames(frames_of(tmp_path / "a.mcap", content[:end]), COUNT)


@pytest.mark.parametrize(
    "rest", [b"", b"\0" * 1000, b"\x06" + b"\xff" * 20], ids=["end", "zeros", "chunk"]
)
def test_unfinished_mcap_is_read_to_its_last_chunk(content, tmp_path, rest):
    first, second, *_ = chunk_ends(content)
    counts = [
        len(frames_of(tmp_path / f"{end}.mcap", content[:end] + rest)) for end in (first, second)
    ]
    assert 0 < counts[0] < counts[1] < COUNT
    frames = frames_of(tmp_path / "cut.mcap", content[: second - 1])
    assert_first_frames(frames, counts[0])


def test_unfinished_mcap_with_last_chunk_of_zeros_is_read(content, tmp_path):
    first, second, *_ = chunk_ends(content)
    zeros = content[: second - 900_000] + b"\0" * 900_000
    frames = frames_of(tmp_path / "a.mcap", zeros)
    assert_first_frames(frames, len(frames_of(tmp_path / "b.mcap", content[:first])))


def test_unfinished_mcap_without_chunks_is_scanned(content, tmp_path):
    (_, start, end), *_ = records(content)
    unchunked = content[:start] + content[start:end]
    for op, start, end in records(content):
        if op == Op.CHUNK:
            unchunked += content[start + HEAD.size + CHUNK_HEAD.size + 12 : end]
    assert_first_frames(frames_of(tmp_path / "a.mcap", unchunked + b"\x05\xff"), COUNT)


@pytest.mark.parametrize("end", [0, 8, 20, 100_000])
def test_unfinished_mcap_without_a_chunk_is_rejected(content, tmp_path, end):
    with pytest.raises(SourceError, match="cannot be read: "):
        frames_of(tmp_path / "a.mcap", content[:end])


def test_growing_mcap_is_read_again(content, tmp_path):
    counts = [len(frames_of(tmp_path / "a.mcap", content[:end])) for end in chunk_ends(content)]
    assert counts == sorted(set(counts))
    assert counts[-1] == COUNT


def test_completed_mcap_is_indexed(content, tmp_path):
    """The bytes are those of a finished file, except its statistics."""
    path = tmp_path / "a.mcap"
    path.write_bytes(content[:-1])
    with path.open("rb") as file:
        end, rest = complete(file)
    completed = content[:end] + rest
    kept = (Op.SCHEMA, Op.CHANNEL, Op.CHUNK_INDEX, Op.MESSAGE_INDEX)

    def summary(data):
        return [data[start:stop] for op, start, stop in records(data) if op in kept]

    assert summary(completed) == summary(content)
