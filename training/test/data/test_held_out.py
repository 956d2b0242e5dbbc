"""Tests of frames that are held out of training."""

from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.data.held_out import hold_out_frames
from scenerep_training.data.recordings import open_recordings

from scenerep_ros.filesystem.atomic import write_image


@pytest.fixture
def folders(tmp_path):
    """Three recordings of 5, 2 and 4 frames; each frame has its own gray value."""
    for number, length in enumerate((5, 2, 4)):
        for index in range(length):
            value = 50 * number + 10 * index
            image = np.full((32, 40, 3), value, np.uint8)
            write_image(tmp_path / f"r{number}" / f"{index:03d}.png", image)
    return [tmp_path / f"r{number}" for number in range(3)]


def gray_values(frames):
    return {int(frame.color[0, 0, 0]) for frame in frames}


@pytest.mark.parametrize(
    ("count", "expected"), [(0, set()), (1, {40}), (2, {40, 130}), (9, {40, 130})]
)
def test_hold_out_takes_last_frames_of_long_recordings(folders, count, expected):
    recordings = open_recordings(folders)
    remaining, frames = hold_out_frames(recordings, count)
    assert gray_values(frames) == expected
    assert gray_values(remaining.color_frames()) == (
        gray_values(recordings.color_frames()) - expected
    )
    assert remaining.probabilities == recordings.probabilities


def test_held_out_frame_cannot_be_read_from_recording(folders):
    remaining, _ = hold_out_frames(open_recordings(folders[:1]), 1)
    source = remaining.sources[0]
    with pytest.raises(IndexError):
        source[len(source)]
    with pytest.raises(IndexError):
        source.color_frame(len(source))


def test_hold_out_leaves_out_unreadable_frame(folders):
    (folders[0] / "004.png").write_bytes(b"")
    remaining, frames = hold_out_frames(open_recordings(folders), 2)
    assert len(frames) == 1
    assert len(remaining.sources[0]) == 4
