"""Objects that hide, merge or fall apart, and a tracker that believes each frame at once."""

import cv2
import numpy as np
import pytest
from discs import DISCS, SHAPE, TEXTURE, disc_labels, ids_by_label, track

from scenerep_ros.config.options import TrackingOptions
from scenerep_ros.frames import MAX_ID
from scenerep_ros.tracking.tracker import Tracker


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(TrackingOptions(patience=0))


@pytest.mark.parametrize("hidden", [1, 5, 29])
def test_a_hidden_object_returns_with_its_id(tracker, hidden):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    without = disc_labels({1: DISCS[1], 2: DISCS[2], 3: DISCS[4]})
    truth = np.where(labels == 3, 0, labels)
    for _ in range(hidden):
        assert ids[3] not in track(tracker, truth, without).labels
    assert ids_by_label(labels, track(tracker, labels)) == ids


def test_a_hidden_object_is_found_where_it_was_not_before(tracker):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    truth = np.where(labels == 3, 0, labels)
    for _ in range(5):
        track(tracker, truth, disc_labels({1: DISCS[1], 2: DISCS[2], 3: DISCS[4]}))
    moved = disc_labels({**DISCS, 3: (150, 190, 25)})
    assert ids_by_label(moved, track(tracker, moved)) == ids


def test_an_object_lost_for_too_long_is_new_and_its_id_is_not_reused():
    tracker = Tracker(TrackingOptions(patience=0, max_lost=2))
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    truth = np.where(labels == 3, 0, labels)
    for _ in range(3):
        track(tracker, truth, disc_labels({1: DISCS[1], 2: DISCS[2], 3: DISCS[4]}))
    back = ids_by_label(labels, track(tracker, labels))
    assert back[3] == 5
    assert {k: back[k] for k in (1, 2, 4)} == {k: ids[k] for k in (1, 2, 4)}


def test_max_lost_none_forgets_at_once():
    tracker = Tracker(TrackingOptions(patience=0, max_lost=0))
    labels = disc_labels({1: DISCS[1]})
    track(tracker, labels)
    track(tracker, np.zeros(SHAPE, np.int32))
    assert track(tracker, labels).objects[0].id == 2


def test_of_a_split_the_larger_part_keeps_the_id_and_parts_merge_back(tracker):
    whole = disc_labels({1: (160, 120, 60)})
    parts = np.where(whole & (np.arange(SHAPE[1]) > 180), 2, whole).astype(np.int32)
    assert ids_by_label(whole, track(tracker, whole)) == {1: 1}
    assert ids_by_label(parts, track(tracker, whole, parts)) == {1: 1, 2: 2}
    assert ids_by_label(whole, track(tracker, whole)) == {1: 1}
    assert ids_by_label(parts, track(tracker, whole, parts)) == {1: 1, 2: 2}


def test_objects_that_merge_come_apart_with_their_ids(tracker):
    apart = disc_labels({1: (120, 120, 40), 2: (190, 120, 30)})
    merged = (apart > 0).astype(np.int32)
    ids = ids_by_label(apart, track(tracker, apart))
    for _ in range(10):
        scene = track(tracker, apart, merged)
        assert ids_by_label(merged, scene) == {1: ids[1]}
    assert ids_by_label(apart, track(tracker, apart)) == ids


@pytest.mark.parametrize("stays", [1, 2])
def test_likeness_decides_where_overlap_does_not(tracker, stays):
    labels = disc_labels({1: (60, 120, 30), 2: (130, 120, 30)})
    blank = np.full((*SHAPE, 3), 80, np.uint8)
    ids = ids_by_label(labels, track(tracker, labels, color=blank))
    between = disc_labels({1: (95, 120, 30)})
    scene = track(tracker, between * stays, between, color=blank)
    assert [o.id for o in scene.objects] == [ids[stays]]


def test_time_that_jumps_back_changes_nothing(tracker):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels, stamp_ns=10**9))
    assert ids_by_label(labels, track(tracker, labels, stamp_ns=5)) == ids


@pytest.mark.parametrize("scale", [0.5, 2])
def test_ids_survive_a_change_of_resolution(tracker, scale):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    color = cv2.resize(TEXTURE[: SHAPE[0], : SHAPE[1]], None, fx=scale, fy=scale)
    resized = cv2.resize(
        labels.astype(np.uint8), None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST
    ).astype(np.int32)
    assert ids_by_label(resized, track(tracker, resized, color=color)) == ids


def test_ids_survive_a_change_of_aspect_by_their_features(tracker):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    wide = np.zeros((240, 480), np.int32)
    wide[:, 160:] = labels
    assert ids_by_label(wide, track(tracker, wide)) == ids


def test_ids_go_round_at_the_largest_and_skip_those_in_use():
    tracker = Tracker(TrackingOptions(patience=0, max_lost=0))
    kept = disc_labels({1: (60, 60, 50)})
    crowd = kept.copy()
    crowd[::4, 120::2] = np.arange(2, 2 + 60 * 100).reshape(60, 100)
    used = [track(tracker, kept).objects[0].id]
    while len(used) <= MAX_ID:
        scene = track(tracker, kept, crowd)
        ids = [o.id for o in scene.objects]
        assert len(set(ids)) == len(ids) == 6001
        assert scene.labels[60, 60] == 1
        used += [id_ for id_ in ids if id_ != 1]
        track(tracker, kept)
    assert max(used) == MAX_ID
    assert sorted(used)[:3] == [1, 2, 2]
