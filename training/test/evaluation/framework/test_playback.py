"""Playbacks of a recording."""

from __future__ import annotations

import numpy as np
import pytest
from layouts import square_mask, write_tum
from scenerep_training.evaluation.framework.playback import PLAYBACKS, PlayedRecording

from scenerep_ros.sources import open_source


@pytest.fixture
def source(tmp_path):
    return open_source(write_tum(tmp_path / "a", [square_mask(index + 1) for index in range(7)]))


@pytest.mark.parametrize(
    ("name", "indices"),
    [
        ("as_recorded", [0, 1, 2, 3, 4, 5, 6]),
        ("backwards", [6, 5, 4, 3, 2, 1, 0]),
        ("every_2nd", [0, 2, 4, 6]),
        ("every_3rd", [0, 3, 6]),
    ],
)
def test_playback_has_frames_in_order_with_their_labels(source, name, indices):
    played = PlayedRecording(source, PLAYBACKS[name])
    names = [played.frame_name(index) for index in range(len(played))]
    assert names == [source.frame_name(index) for index in indices]
    for position, index in enumerate(indices):
        np.testing.assert_array_equal(played[position].color, source[index].color)
        np.testing.assert_array_equal(played.ground_truth(position), source.ground_truth(index))


@pytest.mark.parametrize("name", PLAYBACKS)
def test_playback_keeps_intervals_and_ascending_stamps(source, name):
    playback = PLAYBACKS[name]
    played = PlayedRecording(source, playback)
    stamps = np.array([frame.stamp_ns for frame in played])
    expected = playback.step * (source[1].stamp_ns - source[0].stamp_ns)
    np.testing.assert_allclose(np.diff(stamps), expected, atol=2000)
    assert played.rate * playback.step == source.rate
