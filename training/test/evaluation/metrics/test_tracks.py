from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.metrics.tracks import Tracks

from scenerep_ros.frames import UNLABELLED


def row(*runs):
    """One row of pixels: (id, columns)."""
    return np.repeat([id_ for id_, _ in runs], [n for _, n in runs])[None].astype(np.uint16)


def follow(frames):
    tracks = Tracks()
    for labels, truth in frames:
        tracks.add(labels, truth)
    return tracks.figures()


TRUTH = row((0, 10), (4, 10))


def test_perfect_whatever_the_names():
    assert follow([(row((0, 10), (9, 10)), TRUTH)] * 3) == {
        "track_iou": 1,
        "frame_iou": 1,
        "mot_switches": 0,
        "objects": 1,
    }


def test_a_change_of_name_costs_the_track_but_not_the_frame():
    names = [1, 1, 1, 2]
    figures = follow([(row((0, 10), (name, 10)), TRUTH) for name in names])
    assert figures["track_iou"] == pytest.approx(0.75)
    assert figures["frame_iou"] == 1
    assert figures["mot_switches"] == 1


@pytest.mark.parametrize(("names", "switches"), [([1, 0, 1], 0), ([1, 0, 2], 1), ([1, 2, 1], 2)])
def test_a_switch_counts_from_when_it_was_last_found(names, switches):
    figures = follow([(row((0, 10), (name, 10)), TRUTH) for name in names])
    assert figures["mot_switches"] == switches


def test_found_is_more_than_half():
    half, more = row((0, 15), (2, 5)), row((0, 14), (2, 6))
    full = row((0, 10), (1, 10))
    assert follow([(full, TRUTH), (half, TRUTH)])["mot_switches"] == 0
    assert follow([(full, TRUTH), (more, TRUTH)])["mot_switches"] == 1


def test_one_id_serves_one_object_only():
    """By hand: id 1 covers both objects, 10 of 20 pixels each; one of them gets nothing."""
    truth = row((1, 10), (2, 10))
    figures = follow([(row((1, 20)), truth)])
    assert figures["track_iou"] == figures["frame_iou"] == 0.25


def test_means_are_over_the_frames_in_which_an_object_is_there():
    both, alone = row((1, 10), (2, 10)), row((1, 10), (0, 10))
    figures = follow([(both, both), (alone, alone), (row((1, 5), (0, 15)), alone)])
    assert figures["track_iou"] == pytest.approx((2.5 / 3 + 1) / 2)
    assert figures["objects"] == 2


def test_ignored_pixels_do_not_count():
    truth = row((UNLABELLED, 5), (4, 5))
    assert follow([(row((1, 10)), truth)])["track_iou"] == 1
    assert follow([(row((UNLABELLED, 5), (1, 5)), row((4, 10)))])["track_iou"] == 0.5


def test_nothing_found_and_nothing_there():
    empty = row((0, 20))
    assert follow([(empty, TRUTH)])["track_iou"] == 0
    assert follow([(TRUTH, empty)]) == {}
    assert follow([(TRUTH, row((UNLABELLED, 20)))]) == {}
