"""Ids of consecutive frames, by a tracker without a label confirmation time."""

import cv2
import numpy as np
import pytest
from discs import (
    DISCS,
    SHAPE,
    TEXTURE,
    VECTORS,
    disc_labels,
    ids_by_label,
    texture_window,
    track,
    track_frame,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.config.options import TrackingOptions
from scenerep_ros.frames import BACKGROUND, MAX_ID, UNLABELLED, Features, RGBDFrame, Segmentation
from scenerep_ros.tracking.tracker import Tracker


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(TrackingOptions(label_confirmation_time=0))


def test_tracker_still_scene_keeps_ids(tracker):
    labels = disc_labels(DISCS)
    first = track(tracker, labels)
    for age in range(2, 6):
        scene = track(tracker, labels)
        assert (scene.labels == first.labels).all()
        assert [o.age for o in scene.objects] == [age] * 4
    assert sorted(ids_by_label(labels, first).values()) == [1, 2, 3, 4]


def test_tracker_background_and_unlabelled_pixels_are_kept(tracker):
    labels = disc_labels(DISCS)
    labels[:, :20] = UNLABELLED
    scene = track(tracker, labels)
    assert scene.labels.dtype == np.uint16
    assert ((scene.labels == UNLABELLED) == (labels == UNLABELLED)).all()
    assert ((scene.labels == BACKGROUND) == (labels == BACKGROUND)).all()


def test_tracker_objects_describe_labels(tracker):
    labels = disc_labels(DISCS)
    scene = track(tracker, labels)
    assert [o.id for o in scene.objects] == sorted(np.unique(scene.labels))[1:]
    for item in scene.objects:
        mask = (scene.labels == item.id).astype(np.uint8)
        assert item.area == mask.sum()
        assert item.box == cv2.boundingRect(mask)
        expected = VECTORS[labels[mask > 0][0]]
        assert item.feature @ expected / np.linalg.norm(expected) > 0.9
        np.testing.assert_allclose(np.linalg.norm(item.feature), 1, rtol=1e-5)


@given(
    permutation=st.permutations([1, 2, 3, 4]),
    shifts=st.lists(st.integers(-3, 3), min_size=2, max_size=4),
)
@settings(max_examples=10)
def test_tracker_permuted_segment_numbers_give_equal_ids(permutation, shifts):
    table = np.array([0, *permutation], np.int32)
    options = TrackingOptions(label_confirmation_time=0)
    original, permuted = Tracker(options), Tracker(options)
    for shift in shifts:
        labels = np.roll(disc_labels(DISCS), shift, axis=1)
        expected = track(original, labels)
        scene = track(permuted, labels, segments=table[labels])
        assert (scene.labels == expected.labels).all()


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10)
def test_tracker_random_segments_get_unique_valid_ids(seed):
    rng = np.random.default_rng(seed)
    tracker = Tracker(TrackingOptions(label_confirmation_time=0, max_lost=3))
    for _ in range(5):
        tiles = rng.integers(0, 8, (6, 8), dtype=np.int32)
        _, dense = np.unique(tiles, return_inverse=True)
        labels = np.kron(dense.reshape(6, 8), np.ones((20, 20), np.int32)).astype(np.int32)
        scene = track(tracker, labels)
        ids = ids_by_label(labels, scene)
        assert len(set(ids.values())) == len(ids)
        assert all(1 <= id_ <= MAX_ID for id_ in ids.values())
        assert [o.id for o in scene.objects] == sorted(ids.values())


def test_tracker_equal_frames_give_equal_ids():
    def run() -> list[np.ndarray]:
        tracker, rng = Tracker(TrackingOptions(label_confirmation_time=0)), np.random.default_rng(5)
        return [
            track(tracker, np.roll(disc_labels(DISCS), rng.integers(-20, 20), axis=1)).labels
            for _ in range(6)
        ]

    for first, second in zip(run(), run(), strict=True):
        assert (first == second).all()


@pytest.mark.parametrize("step", [(12, 0), (0, -10), (25, 18)])
def test_tracker_turning_camera_keeps_ids(tracker, step):
    # The discs have one feature, so that only the motion of the image distinguishes them.
    world = np.zeros(TEXTURE.shape[:2], np.int32)
    for label, (u, v) in enumerate(np.ndindex(12, 9), start=1):
        cv2.circle(world, (u * 80 + 40, v * 80 + 40), 25, label, -1)
    last_ids: dict[int, int] = {}
    for i in range(8):
        left, top = 200 + i * step[0], 200 + i * step[1]
        labels = np.ascontiguousarray(world[top : top + SHAPE[0], left : left + SHAPE[1]])
        dense = np.unique(labels, return_inverse=True)[1].reshape(SHAPE).astype(np.int32)
        scene = track(tracker, (labels > 0).astype(np.int32), dense, texture_window(left, top))
        whole = [label for label in np.unique(labels)[1:] if (labels == label).sum() > 1000]
        ids = ids_by_label(labels, scene)
        repeated = [label for label in whole if label in last_ids]
        assert [last_ids[label] for label in repeated] == [ids[label] for label in repeated]
        last_ids |= ids


def test_tracker_stamps_that_jump_back_keep_ids(tracker):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels, stamp_ns=10**9))
    assert ids_by_label(labels, track(tracker, labels, stamp_ns=5)) == ids


@pytest.mark.parametrize("scale", [0.5, 2])
def test_tracker_changed_resolution_keeps_ids(tracker, scale):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    color = cv2.resize(texture_window(0, 0), None, fx=scale, fy=scale)
    resized = cv2.resize(
        labels.astype(np.uint8), None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST
    ).astype(np.int32)
    assert ids_by_label(resized, track(tracker, resized, color=color)) == ids


@pytest.mark.parametrize("stays", [1, 2])
def test_tracker_equal_overlap_is_decided_by_feature(tracker, stays):
    labels = disc_labels({1: (60, 120, 30), 2: (130, 120, 30)})
    uniform = np.full((*SHAPE, 3), 80, np.uint8)
    ids = ids_by_label(labels, track(tracker, labels, color=uniform))
    between = disc_labels({1: (95, 120, 30)})
    scene = track(tracker, between * stays, between, color=uniform)
    assert [o.id for o in scene.objects] == [ids[stays]]


def test_tracker_configure_keeps_tracks(tracker):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    tracker.configure(
        TrackingOptions(label_confirmation_time=0, max_lost=3, min_association_score=0.5)
    )
    assert ids_by_label(labels, track(tracker, labels)) == ids


def test_tracker_score_below_minimum_starts_new_tracks():
    tracker = Tracker(TrackingOptions(label_confirmation_time=0, min_association_score=1.0))
    first = disc_labels({1: DISCS[1]})
    track(tracker, first)
    scene = track(tracker, np.roll(first, 10, axis=1))
    assert [o.id for o in scene.objects] == [2]


def test_tracker_reset_restarts_ids_at_1(tracker):
    track(tracker, disc_labels(DISCS))
    tracker.reset()
    scene = track(tracker, disc_labels({1: DISCS[3]}))
    assert [(o.id, o.age) for o in scene.objects] == [(1, 1)]


@pytest.mark.parametrize("shape", [(2, 2), (2, 900), (37, 41)])
def test_tracker_odd_image_sizes_are_tracked(tracker, shape):
    labels = np.ones(shape, np.int32)
    grid = np.random.default_rng(0).standard_normal((3, 4, 8), np.float32)
    for _ in range(3):
        frame = RGBDFrame(np.zeros((*shape, 3), np.uint8))
        scene = track_frame(tracker, Segmentation(labels), Features(grid, grid.mean((0, 1))), frame)
        assert (scene.labels == 1).all()


@pytest.mark.parametrize("value", [BACKGROUND, UNLABELLED])
def test_tracker_frame_without_objects_keeps_tracks(tracker, value):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    empty = track(tracker, np.zeros(SHAPE, np.int32), np.full(SHAPE, value, np.int32))
    assert (empty.labels == value).all()
    assert empty.objects == ()
    assert ids_by_label(labels, track(tracker, labels)) == ids


def test_tracker_object_of_one_pixel_keeps_id(tracker):
    labels = disc_labels(DISCS)
    labels[101, 151] = 5
    ids = ids_by_label(labels, track(tracker, labels))
    assert ids_by_label(labels, track(tracker, labels)) == ids
