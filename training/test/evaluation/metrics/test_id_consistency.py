from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from moving_scene import crop_view, identity_warp, square_labels, wall_frame
from scenerep_training.evaluation.label_propagation.warping import estimate_backward_warp
from scenerep_training.evaluation.metrics.id_consistency import IdConsistency

from scenerep_ros.frames import UNLABELLED

OBJECT_COLUMNS = (slice(0, 10), slice(12, 22), slice(24, 34))
"""Columns of three objects of 100 pixels each."""


def label_image(*ids):
    labels = np.zeros((20, 40), np.uint16)
    for id_, columns in zip(ids, OBJECT_COLUMNS, strict=False):
        labels[5:15, columns] = id_
    return labels


def label_row(*runs):
    """One row of objects: (id, columns)."""
    return np.repeat([id_ for id_, _ in runs], [n for _, n in runs])[None].astype(np.uint16)


def evaluate_frames(frames, warp=None):
    """Return swaps, re-births and sorted track lengths."""
    consistency = IdConsistency()
    for index, labels in enumerate(frames):
        consistency.update(labels, (warp or identity_warp(labels.shape)) if index else None)
    return consistency.swaps, consistency.rebirths, sorted(consistency.track_lengths().tolist())


def evaluate_ids(*frames):
    """Evaluate frames of up to three objects, given by their ids; 0 = lost."""
    return evaluate_frames([label_image(*ids) for ids in frames])


def test_constant_ids_have_no_switch():
    assert evaluate_ids((1, 2), (1, 2), (1, 2)) == (0, 0, [3, 3])


def test_new_id_on_object_is_rebirth():
    assert evaluate_ids((1, 2), (1, 2), (7, 2), (7, 2)) == (0, 1, [2, 2, 4])


def test_exchanged_ids_are_two_swaps():
    assert evaluate_ids((1, 2), (1, 2), (2, 1)) == (2, 0, [1, 1, 2, 2])


def test_rotated_ids_are_three_swaps():
    assert evaluate_ids((1, 2, 3), (3, 1, 2))[:2] == (3, 0)


def test_used_id_on_other_object_is_swap():
    assert evaluate_ids((1, 5), (1, 0), (5, 0))[:2] == (1, 0)


def test_lost_object_with_same_id_keeps_track():
    assert evaluate_ids((1, 2), (0, 2), (0, 2), (1, 2)) == (0, 0, [4, 4])


def test_lost_object_with_new_id_is_rebirth():
    assert evaluate_ids((1, 2), (0, 2), (0, 2), (7, 2)) == (0, 1, [1, 1, 4])


def test_appearing_and_disappearing_objects_are_no_switch():
    assert evaluate_ids((1, 0), (1, 2), (0, 2)) == (0, 0, [2, 2])


def test_id_that_moves_to_new_object_starts_track():
    assert evaluate_ids((1, 0, 0), (1, 0, 0), (0, 0, 1)) == (0, 0, [1, 2])


def test_merge_under_larger_objects_id_is_no_switch():
    assert evaluate_frames([label_row((1, 30), (2, 10)), label_row((1, 40))])[:2] == (0, 0)


def test_merge_under_smaller_objects_id_is_switch():
    assert evaluate_frames([label_row((1, 30), (2, 10)), label_row((2, 40))])[:2] == (1, 0)


def test_split_off_part_is_new_without_switch():
    frames = [label_row((1, 40)), label_row((1, 30), (2, 10))]
    assert evaluate_frames(frames) == (0, 0, [1, 2])


def test_split_with_new_id_on_larger_part_is_switch():
    assert evaluate_frames([label_row((1, 40)), label_row((2, 30), (1, 10))])[:2] == (0, 1)


def test_split_into_halves_is_no_switch():
    frames = [label_row((1, 40)), label_row((1, 20), (2, 20))]
    assert evaluate_frames(frames) == (0, 0, [1, 2])


def test_track_survives_temporary_merge():
    apart, merged = label_row((1, 30), (2, 10)), label_row((1, 40))
    assert evaluate_frames([apart, merged, apart]) == (0, 0, [3, 3])


@pytest.mark.parametrize(("visible_rows", "rebirths"), [(5, 1), (4, 0)])
def test_switch_requires_half_of_object_visible(visible_rows, rebirths):
    visible = np.zeros((20, 40), bool)
    visible[5 : 5 + visible_rows, :10] = True
    warp = replace(identity_warp((20, 40)), visible=visible)
    assert evaluate_frames([label_image(1), label_image(7)], warp)[1] == rebirths


def test_unlabelled_frames_do_not_end_tracks():
    unlabelled = np.full((20, 40), UNLABELLED, np.uint16)
    assert evaluate_frames([label_image(1), unlabelled, label_image(1)]) == (0, 0, [3])
    assert evaluate_frames([unlabelled, label_image(1)]) == (0, 0, [1])


def test_video_without_objects_or_frames_has_no_tracks():
    assert evaluate_frames([label_image(), label_image()]) == (0, 0, [])
    assert evaluate_frames([]) == (0, 0, [])


def test_single_pixel_object_can_switch():
    one, two = np.array([[1]], np.uint16), np.array([[2]], np.uint16)
    assert evaluate_frames([one, two]) == (0, 1, [1, 1])


@pytest.mark.parametrize("posed", [True, False])
def test_switches_are_found_under_camera_motion(posed):
    """One re-birth (2 -> 3), then one exchange (1 <-> 3), while the wall moves 21 pixels."""
    ids_by_frame = [(1, 2), (1, 2), (1, 3), (1, 3), (1, 3), (3, 1), (3, 1), (3, 1)]
    consistency = IdConsistency()
    for index, ids in enumerate(ids_by_frame):
        warp = None
        if index:
            warp = estimate_backward_warp(wall_frame(index - 1, posed), wall_frame(index, posed))
        consistency.update(crop_view(square_labels(ids), index), warp)
    assert (consistency.swaps, consistency.rebirths) == (2, 1)
    assert sorted(consistency.track_lengths().tolist()) == [2, 3, 3, 3, 5]
