from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.metrics.tracks import TrackMetrics

from scenerep_ros.frames import UNLABELLED


def label_row(*runs):
    """One row of pixels: (id, columns)."""
    return np.repeat([id_ for id_, _ in runs], [n for _, n in runs])[None].astype(np.uint16)


def evaluate_frames(frames):
    tracks = TrackMetrics()
    for labels, truth in frames:
        tracks.update(labels, truth)
    return tracks.compute()


def evaluate_ids(ids):
    """Evaluate a video in which the only object has these ids; 0 = lost."""
    return evaluate_frames([(label_row((0, 10), (id_, 10)), TRUTH) for id_ in ids])


TRUTH = label_row((0, 10), (4, 10))


def test_perfect_tracks_score_one_for_any_ids():
    assert evaluate_ids([9, 9, 9]) == {
        "track_iou": 1,
        "frame_iou": 1,
        "mot_switches": 0,
        "objects": 1,
    }


def test_id_change_lowers_track_iou_but_not_frame_iou():
    metrics = evaluate_ids([1, 1, 1, 2])
    assert metrics["track_iou"] == pytest.approx(0.75)
    assert metrics["frame_iou"] == 1
    assert metrics["mot_switches"] == 1


@pytest.mark.parametrize(("ids", "switches"), [([1, 0, 1], 0), ([1, 0, 2], 1), ([1, 2, 1], 2)])
def test_mot_switches_compare_with_last_match(ids, switches):
    assert evaluate_ids(ids)["mot_switches"] == switches


def test_mot_switches_require_iou_above_half():
    half, more = label_row((0, 15), (2, 5)), label_row((0, 14), (2, 6))
    full = label_row((0, 10), (1, 10))
    assert evaluate_frames([(full, TRUTH), (half, TRUTH)])["mot_switches"] == 0
    assert evaluate_frames([(full, TRUTH), (more, TRUTH)])["mot_switches"] == 1


def test_one_id_is_assigned_to_one_object():
    """Id 1 covers both objects, each with an IoU of 10 / 20; one of them gets nothing."""
    truth = label_row((1, 10), (2, 10))
    metrics = evaluate_frames([(label_row((1, 20)), truth)])
    assert metrics["track_iou"] == metrics["frame_iou"] == 0.25


def test_mean_iou_is_over_frames_that_show_object():
    both, alone = label_row((1, 10), (2, 10)), label_row((1, 10), (0, 10))
    half = label_row((1, 5), (0, 15))
    metrics = evaluate_frames([(both, both), (alone, alone), (half, alone)])
    assert metrics["track_iou"] == pytest.approx((2.5 / 3 + 1) / 2)
    assert metrics["objects"] == 2


def test_unlabelled_truth_is_ignored():
    truth = label_row((UNLABELLED, 5), (4, 5))
    assert evaluate_frames([(label_row((1, 10)), truth)])["track_iou"] == 1


def test_unlabelled_prediction_is_a_miss():
    labels = label_row((UNLABELLED, 5), (1, 5))
    assert evaluate_frames([(labels, label_row((4, 10)))])["track_iou"] == 0.5


def test_empty_prediction_scores_zero_and_empty_truth_nothing():
    empty = label_row((0, 20))
    assert evaluate_frames([(empty, TRUTH)])["track_iou"] == 0
    assert evaluate_frames([(TRUTH, empty)]) == {}
    assert evaluate_frames([(TRUTH, label_row((UNLABELLED, 20)))]) == {}
