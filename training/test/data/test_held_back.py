"""Frames that pictures are drawn of are frames that training does not see."""

from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.data.held_back import hold_back
from scenerep_training.data.recordings import open_recordings

from scenerep_ros.filesystem.atomic import write_image


@pytest.fixture
def folders(tmp_path):
    """Three recordings, of 5, 2 and 4 frames; each frame has a colour of its own."""
    for number, length in enumerate((5, 2, 4)):
        for index in range(length):
            value = 50 * number + 10 * index
            image = np.full((32, 40, 3), value, np.uint8)
            write_image(tmp_path / f"r{number}" / f"{index:03d}.png", image)
    return [tmp_path / f"r{number}" for number in range(3)]


def colours(recordings):
    return {int(frame.color[0, 0, 0]) for frame in recordings.color_frames()}


@pytest.mark.parametrize(("count", "held"), [(0, set()), (1, {40}), (2, {40, 130}), (9, {40, 130})])
def test_the_last_frame_of_long_recordings_is_held_back(folders, count, held):
    every = open_recordings(folders)
    rest, frames = hold_back(every, count)
    assert {int(frame.color[0, 0, 0]) for frame in frames} == held
    assert colours(rest) == colours(every) - held
    assert rest.shares == every.shares


def test_what_is_held_back_cannot_be_asked_for(folders):
    rest, _ = hold_back(open_recordings(folders[:1]), 1)
    with pytest.raises(IndexError):
        rest.sources[0][len(rest.sources[0])]


def test_a_held_back_frame_that_cannot_be_read_is_left_out(folders):
    (folders[0] / "004.png").write_bytes(b"")
    rest, frames = hold_back(open_recordings(folders), 2)
    assert len(frames) == 1
    assert len(rest.sources[0]) == 4
