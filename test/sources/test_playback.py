"""Playback of recordings as streams."""

import numpy as np
import pytest

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.base import Source
from scenerep_ros.sources.playback import Playback, prefetch


class Numbered(Source):
    """Recording whose stamps are the frame indices; some frames are unreadable."""

    format_name = "numbered frames"

    def __init__(self, count, broken=()):
        super().__init__("numbers", 30.0)
        self._count, self._broken = count, broken

    def __len__(self):
        return self._count

    def __getitem__(self, index):
        if index in self._broken:
            raise FrameError(f"frame {index} is broken")
        return RGBDFrame(np.zeros((2, 2, 3), np.uint8), stamp_ns=index)


def stamps(playback):
    return [frame.stamp_ns for frame in playback]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0, 1, 2]),
        ({"max_frames": 2}, [0, 1]),
        ({"max_frames": 9}, [0, 1, 2]),
        ({"loop": True, "max_frames": 7}, [0, 1, 2, 0, 1, 2, 0]),
    ],
)
def test_playback_yields_as_many_frames_as_total(options, expected):
    playback = Playback(Numbered(3), **options)
    assert playback.total == len(expected)
    assert stamps(playback) == expected


def test_playback_of_endless_loop_has_no_total():
    assert Playback(Numbered(3), loop=True).total is None


def test_playback_counts_skipped_frames_over_all_passes():
    playback = Playback(Numbered(3, broken=(1,)), loop=True, max_frames=5)
    assert stamps(playback) == [0, 2, 0, 2, 0]
    assert playback.skipped == 2


@pytest.mark.parametrize("loop", [False, True])
def test_playback_without_readable_frame_fails(loop):
    with pytest.raises(SourceError, match="numbers: no readable frame"):
        stamps(Playback(Numbered(2, broken=(0, 1)), loop=loop))


def test_prefetch_keeps_order_and_limits_prepared_items():
    produced = []

    def items():
        for number in range(100):
            produced.append(number)
            yield number

    stream = prefetch(items(), 3)
    assert [next(stream) for _ in range(5)] == [0, 1, 2, 3, 4]
    stream.close()
    assert produced == list(range(len(produced)))
    assert len(produced) <= 5 + 3


def test_prefetch_raises_an_error_after_preceding_items():
    def items():
        yield 1
        yield 2
        raise SourceError("truncated")

    stream = prefetch(items(), 4)
    assert [next(stream), next(stream)] == [1, 2]
    with pytest.raises(SourceError, match="truncated"):
        next(stream)
