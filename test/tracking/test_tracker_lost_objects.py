"""Objects that are lost, merge or split, by a tracker without a label confirmation time."""

import numpy as np
import pytest
from discs import DISCS, SHAPE, disc_labels, ids_by_label, texture_window, track

from scenerep_ros.config.options import TrackingOptions
from scenerep_ros.frames import MAX_ID
from scenerep_ros.tracking.tracker import CONSTANTS, Tracker

WITHOUT_3 = disc_labels({1: DISCS[1], 2: DISCS[2], 3: DISCS[4]})
"""Segments of a frame in which the disc with label 3 is occluded."""


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(TrackingOptions(label_confirmation_time=0))


@pytest.mark.parametrize("frames", [1, 5, 29])
def test_tracker_occluded_object_returns_with_its_id(tracker, frames):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    truth = np.where(labels == 3, 0, labels)
    for _ in range(frames):
        assert ids[3] not in track(tracker, truth, WITHOUT_3).labels
    assert ids_by_label(labels, track(tracker, labels)) == ids


def test_tracker_object_that_moved_while_occluded_keeps_id(tracker):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    truth = np.where(labels == 3, 0, labels)
    for _ in range(5):
        track(tracker, truth, WITHOUT_3)
    moved = disc_labels({**DISCS, 3: (150, 190, 25)})
    assert ids_by_label(moved, track(tracker, moved)) == ids


def test_tracker_object_out_of_view_for_3_s_keeps_id(tracker):
    world = disc_labels(DISCS, (240, 720))
    first: dict[int, int] = {}
    # The camera turns away from the discs 1 and 3, stays for 3 s, and turns back.
    lefts = [*[0] * 90, *range(0, 121, 12), *[120] * 90, *range(120, -1, -12), 0]
    for left in lefts:
        labels = np.ascontiguousarray(world[:, left : left + SHAPE[1]])
        scene = track(tracker, labels, color=texture_window(left, 0))
        first = first or ids_by_label(labels, scene)
    assert ids_by_label(labels, scene) == first


@pytest.mark.parametrize(("seen", "returns"), [(90, True), (5, False)])
def test_tracker_lost_object_is_remembered_while_seen(tracker, seen, returns):
    labels = disc_labels(DISCS)
    for _ in range(seen):
        ids = ids_by_label(labels, track(tracker, labels))
    truth = np.where(labels == 3, 0, labels)
    for _ in range(80):
        track(tracker, truth, WITHOUT_3)
    assert (ids_by_label(labels, track(tracker, labels))[3] == ids[3]) is returns


def test_tracker_object_lost_beyond_max_lost_gets_unused_id():
    tracker = Tracker(TrackingOptions(label_confirmation_time=0, max_lost=2))
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    truth = np.where(labels == 3, 0, labels)
    for _ in range(3):
        track(tracker, truth, WITHOUT_3)
    returned = ids_by_label(labels, track(tracker, labels))
    assert returned[3] == 5
    assert {k: returned[k] for k in (1, 2, 4)} == {k: ids[k] for k in (1, 2, 4)}


def test_tracker_max_lost_0_drops_lost_track_at_once():
    tracker = Tracker(TrackingOptions(label_confirmation_time=0, max_lost=0))
    labels = disc_labels({1: DISCS[1]})
    track(tracker, labels)
    track(tracker, np.zeros(SHAPE, np.int32))
    assert track(tracker, labels).objects[0].id == 2


def test_tracker_keeps_max_lost_tracks_at_most(tracker):
    tiles = np.zeros((48, 64), np.int32)
    count = CONSTANTS.max_lost_tracks + 40
    tiles[:, ::2].flat[:count] = np.arange(1, count + 1)
    labels = tiles.repeat(5, axis=0).repeat(5, axis=1)
    truth = np.zeros(SHAPE, np.int32)
    ids = ids_by_label(labels, track(tracker, truth, labels))
    track(tracker, truth, np.zeros(SHAPE, np.int32))
    returned = ids_by_label(labels, track(tracker, truth, labels))
    assert sum(returned[label] == ids[label] for label in ids) == CONSTANTS.max_lost_tracks


def test_tracker_split_object_keeps_id_in_larger_part(tracker):
    whole = disc_labels({1: (160, 120, 60)})
    parts = np.where(whole & (np.arange(SHAPE[1]) > 180), 2, whole).astype(np.int32)
    assert ids_by_label(whole, track(tracker, whole)) == {1: 1}
    for _ in range(2):
        assert ids_by_label(parts, track(tracker, whole, parts)) == {1: 1, 2: 2}
        assert ids_by_label(whole, track(tracker, whole)) == {1: 1}


def test_tracker_merged_objects_separate_with_their_ids(tracker):
    apart = disc_labels({1: (120, 120, 40), 2: (190, 120, 30)})
    merged = (apart > 0).astype(np.int32)
    ids = ids_by_label(apart, track(tracker, apart))
    for _ in range(10):
        scene = track(tracker, apart, merged)
        assert ids_by_label(merged, scene) == {1: ids[1]}
    assert ids_by_label(apart, track(tracker, apart)) == ids


@pytest.mark.slow
def test_tracker_ids_after_max_id_restart_and_skip_used():
    tracker = Tracker(TrackingOptions(label_confirmation_time=0, max_lost=0))
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
