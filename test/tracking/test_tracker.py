"""Ids of one frame and the next, of a tracker that believes each frame at once."""

import cv2
import numpy as np
import pytest
import torch
from discs import (
    DISCS,
    RNG,
    SHAPE,
    TEXTURE,
    VECTORS,
    disc_labels,
    ids_by_label,
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
    return Tracker(TrackingOptions(patience=0))


def test_a_still_scene_keeps_its_ids(tracker):
    labels = disc_labels(DISCS)
    first = track(tracker, labels)
    for age in range(2, 6):
        scene = track(tracker, labels)
        assert (scene.labels == first.labels).all()
        assert [o.age for o in scene.objects] == [age] * 4
    assert sorted(ids_by_label(labels, first).values()) == [1, 2, 3, 4]


def test_background_and_unlabelled_pass_through(tracker):
    labels = disc_labels(DISCS)
    labels[:, :20] = UNLABELLED
    scene = track(tracker, labels)
    assert scene.labels.dtype == np.uint16
    assert ((scene.labels == UNLABELLED) == (labels == UNLABELLED)).all()
    assert ((scene.labels == BACKGROUND) == (labels == BACKGROUND)).all()


def test_objects_describe_what_the_labels_show(tracker):
    labels = disc_labels(DISCS)
    scene = track(tracker, labels)
    assert [o.id for o in scene.objects] == sorted(np.unique(scene.labels))[1:]
    for item in scene.objects:
        mask = (scene.labels == item.id).astype(np.uint8)
        assert item.area == mask.sum()
        assert item.box == cv2.boundingRect(mask)
        own = VECTORS[labels[mask > 0][0]].numpy()
        assert item.feature @ own / np.linalg.norm(own) > 0.9
        np.testing.assert_allclose(np.linalg.norm(item.feature), 1, rtol=1e-5)


@given(
    permutation=st.permutations([1, 2, 3, 4]),
    shifts=st.lists(st.integers(-3, 3), min_size=2, max_size=4),
)
@settings(max_examples=10, deadline=None)
def test_ids_do_not_depend_on_the_numbers_of_the_segments(permutation, shifts):
    table = np.array([0, *permutation], np.int32)
    plain, permuted = Tracker(TrackingOptions(patience=0)), Tracker(TrackingOptions(patience=0))
    for shift in shifts:
        labels = np.roll(disc_labels(DISCS), shift, axis=1)
        one = track(plain, labels)
        other = track(permuted, labels, shown=table[labels])
        assert (one.labels == other.labels).all()


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_any_sequence_of_segments_gives_unique_valid_ids(seed):
    rng = np.random.default_rng(seed)
    tracker = Tracker(TrackingOptions(patience=0, max_lost=3))
    for _ in range(5):
        cells = rng.integers(0, 8, (6, 8), dtype=np.int32)
        _, dense = np.unique(cells, return_inverse=True)
        labels = np.kron(dense.reshape(6, 8), np.ones((20, 20), np.int32)).astype(np.int32)
        scene = track(tracker, labels)
        ids = ids_by_label(labels, scene)
        assert len(set(ids.values())) == len(ids)
        assert all(1 <= id_ <= MAX_ID for id_ in ids.values())
        assert [o.id for o in scene.objects] == sorted(ids.values())


def test_the_same_frames_give_the_same_ids():
    def run() -> list[np.ndarray]:
        tracker, rng = Tracker(TrackingOptions(patience=0)), np.random.default_rng(5)
        return [
            track(tracker, np.roll(disc_labels(DISCS), rng.integers(-20, 20), axis=1)).labels
            for _ in range(6)
        ]

    for one, other in zip(run(), run(), strict=True):
        assert (one == other).all()


@pytest.mark.parametrize("step", [(12, 0), (0, -10), (25, 18)])
def test_a_turning_camera_keeps_the_ids(tracker, step):
    # Discs of one feature: only the picture's motion can tell them apart.
    world = np.zeros(TEXTURE.shape[:2], np.int32)
    for label, (u, v) in enumerate(np.ndindex(12, 9), start=1):
        cv2.circle(world, (u * 80 + 40, v * 80 + 40), 25, label, -1)
    seen: dict[int, int] = {}
    for i in range(8):
        u, v = 200 + i * step[0], 200 + i * step[1]
        window = np.s_[v : v + SHAPE[0], u : u + SHAPE[1]]
        labels = np.ascontiguousarray(world[window])
        dense = np.unique(labels, return_inverse=True)[1].reshape(SHAPE).astype(np.int32)
        color = np.ascontiguousarray(TEXTURE[window])
        scene = track(tracker, (labels > 0).astype(np.int32), dense, color)
        whole = [label for label in np.unique(labels)[1:] if (labels == label).sum() > 1000]
        ids = ids_by_label(labels, scene)
        assert {k: seen[k] for k in whole if k in seen} == {k: ids[k] for k in whole if k in seen}
        seen |= ids


def test_ids_survive_pictures_with_nothing_in_common(tracker):
    labels = disc_labels(DISCS)
    scenes = [
        track(tracker, labels, color=RNG.integers(0, 255, (*SHAPE, 3), np.uint8)) for _ in range(5)
    ]
    assert len({scene.labels.tobytes() for scene in scenes}) == 1


def test_without_tracking_ids_are_the_numbers_of_the_frame():
    tracker = Tracker(TrackingOptions(track=False))
    for labels in (disc_labels({1: DISCS[3], 2: DISCS[1]}), disc_labels({1: DISCS[1]})):
        scene = track(tracker, labels)
        assert (scene.labels == labels).all()
        assert [o.id for o in scene.objects] == list(np.unique(labels))[1:]


def test_options_change_without_forgetting(tracker):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    tracker.configure(TrackingOptions(patience=0, max_lost=3, min_match=0.5))
    assert ids_by_label(labels, track(tracker, labels)) == ids


def test_reset_forgets(tracker):
    track(tracker, disc_labels(DISCS))
    tracker.reset()
    scene = track(tracker, disc_labels({1: DISCS[3]}))
    assert [(o.id, o.age) for o in scene.objects] == [(1, 1)]


@pytest.mark.parametrize("shape", [(2, 2), (2, 900), (37, 41)])
def test_every_size_of_image_is_tracked(tracker, shape):
    labels = np.ones(shape, np.int32)
    grid = torch.randn(3, 4, 8)
    for _ in range(3):
        frame = RGBDFrame(np.zeros((*shape, 3), np.uint8))
        scene = track_frame(tracker, Segmentation(labels), Features(grid, grid.mean((0, 1))), frame)
        assert (scene.labels == 1).all()


@pytest.mark.parametrize("value", [BACKGROUND, UNLABELLED])
def test_a_frame_without_objects_is_no_trouble(tracker, value):
    labels = disc_labels(DISCS)
    ids = ids_by_label(labels, track(tracker, labels))
    empty = track(tracker, np.zeros(SHAPE, np.int32), np.full(SHAPE, value, np.int32))
    assert (empty.labels == value).all()
    assert empty.objects == ()
    assert ids_by_label(labels, track(tracker, labels)) == ids


def test_an_object_of_one_pixel_is_followed(tracker):
    labels = disc_labels(DISCS)
    labels[101, 151] = 5
    ids = ids_by_label(labels, track(tracker, labels))
    assert ids_by_label(labels, track(tracker, labels)) == ids
