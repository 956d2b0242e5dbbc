"""Tests of the frames that are held back from training."""

from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.data.held_out import hold_out, preview_frames
from scenerep_training.data.recordings import open_recordings

from scenerep_ros.filesystem.atomic import write_image


@pytest.fixture
def folders(tmp_path):
    """Three recordings of 40, 2 and 5 frames; each frame has its own gray value."""
    for number, length in enumerate((40, 2, 5)):
        for index in range(length):
            image = np.full((32, 40, 3), 60 * number + index, np.uint8)
            write_image(tmp_path / f"r{number}" / f"{index:03d}.png", image)
    return [tmp_path / f"r{number}" for number in range(3)]


def gray_values(source):
    return [int(source.color_frame(index).color[0, 0, 0]) for index in range(len(source))]


def test_hold_out_takes_last_fifth_after_gap(folders):
    parts = hold_out(open_recordings(folders))
    assert [gray_values(part) for part in parts.held_back] == [list(range(32, 40)), [124]]
    trained = [gray_values(source) for source in parts.training.sources]
    assert trained == [list(range(30)), [60, 61], [120, 121, 122, 123]]


def test_held_back_frame_cannot_be_read_from_training_part(folders):
    source = hold_out(open_recordings(folders[:1])).training.sources[0]
    with pytest.raises(IndexError):
        source[len(source)]
    with pytest.raises(IndexError):
        source.color_frame(len(source))


def test_preview_frames_leave_out_unreadable_frame(folders):
    (folders[0] / "039.png").write_bytes(b"")
    parts = hold_out(open_recordings(folders)).held_back
    assert [int(frame.color[0, 0, 0]) for frame in preview_frames(parts, 4)] == [124]
