"""A synthetic tracker scene: textured discs of distinct features on a textured ground.

How ids are found again is tested with a tracker that believes each frame at once.
"""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.config import TrackingOptions
from scenerep_ros.frames import (
    BACKGROUND,
    MAX_ID,
    UNLABELLED,
    Features,
    RGBDFrame,
    SceneSegmentation,
    Segmentation,
)
from scenerep_ros.segmentation.motion import MotionEstimator, carry, thumbnail_shape
from scenerep_ros.segmentation.tracker import Tracker

SHAPE = (240, 320)
RNG = np.random.default_rng(0)
TEXTURE = cv2.resize(RNG.integers(0, 255, (90, 120, 3), np.uint8), (960, 720))
VECTORS = torch.tensor(RNG.normal(size=(50, 32)), dtype=torch.float32)
DISCS = {1: (60, 60, 30), 2: (200, 50, 40), 3: (90, 180, 25), 4: (250, 180, 35)}


def disc_labels(discs: dict[int, tuple[int, int, int]], shape=SHAPE) -> np.ndarray:
    """Labels (H, W) int32 of discs label -> u, v, radius."""
    labels = np.zeros(shape, np.int32)
    for label, (u, v, radius) in discs.items():
        cv2.circle(labels, (u, v), radius, label, -1)
    return labels


def features_of(labels: np.ndarray, stride: int = 10) -> Features:
    """A grid in which every label has its own feature."""
    known = np.where(labels == UNLABELLED, 0, labels)
    half = stride // 2
    grid = VECTORS[torch.from_numpy(known[half::stride, half::stride].astype(np.int64))]
    return Features(grid, grid.mean((0, 1)))


def track(
    tracker: Tracker, truth: np.ndarray, shown=None, color=None, **frame
) -> SceneSegmentation:
    """Give the tracker a frame whose features follow `truth` and whose segments are `shown`."""
    if color is None:
        color = np.ascontiguousarray(TEXTURE[: truth.shape[0], : truth.shape[1]])
    shown = truth if shown is None else shown
    return tracker(Segmentation(shown), features_of(truth), RGBDFrame(color, **frame))


def ids_by_label(labels: np.ndarray, scene: SceneSegmentation) -> dict[int, int]:
    present = [int(k) for k in np.unique(labels) if k not in (BACKGROUND, UNLABELLED)]
    for label in present:
        assert len(np.unique(scene.labels[labels == label])) == 1
    return {label: int(scene.labels[labels == label][0]) for label in present}


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


def test_attention_comes_along_as_an_array(tracker):
    labels = disc_labels(DISCS)
    features = features_of(labels)
    attention = torch.rand(6, *features.grid.shape[:2])
    features = Features(features.grid, features.pooled, attention)
    frame = RGBDFrame(np.zeros((*SHAPE, 3), np.uint8))
    scene = tracker(Segmentation(labels), features, frame)
    assert scene.attention.dtype == np.float32
    np.testing.assert_array_equal(scene.attention, attention.numpy())
    assert track(tracker, labels).attention is None


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


@pytest.mark.parametrize("shape", [(2, 2), (2, 900), (37, 41)])
def test_every_size_of_image_is_tracked(tracker, shape):
    labels = np.ones(shape, np.int32)
    grid = torch.randn(3, 4, 8)
    for _ in range(3):
        frame = RGBDFrame(np.zeros((*shape, 3), np.uint8))
        scene = tracker(Segmentation(labels), Features(grid, grid.mean((0, 1))), frame)
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


class TestMotion:
    def test_a_shifted_picture_carries_its_points(self):
        estimator, window = MotionEstimator(), np.s_[100:340, 100:420]
        assert estimator(np.ascontiguousarray(TEXTURE[window])) is None
        flow = estimator(np.ascontiguousarray(TEXTURE[124:364, 60:380]))
        scale = thumbnail_shape(SHAPE)[1] / SHAPE[1]
        points = np.array([[80, 70], [100, 60], [60, 90]], np.float32)
        moved = carry(points, flow) - points
        np.testing.assert_allclose(moved, np.tile([40 * scale, -24 * scale], (3, 1)), atol=1)

    def test_points_outside_go_with_the_border(self):
        flow = np.zeros((10, 20, 2), np.float32)
        flow[:, -1] = 3, 1
        outside = np.array([[50, 4], [-7, 4]], np.float32)
        assert carry(outside, flow).tolist() == [[53, 5], [-7, 4]]

    @pytest.mark.parametrize("size", [(4, 3), (64, 48), (320, 240)])
    def test_pictures_with_nothing_in_common_do_not_move(self, size):
        estimator = MotionEstimator()
        for _ in range(2):
            picture = RNG.integers(0, 255, (*size[::-1], 3), np.uint8)
            flow = estimator(cv2.resize(picture, (640, 480)))
        np.testing.assert_array_equal(flow, 0)

    def test_exposure_does_not_hide_motion(self):
        estimator = MotionEstimator()
        estimator(np.ascontiguousarray(TEXTURE[100:340, 100:420]))
        flow = estimator((TEXTURE[100:340, 80:400] * 0.8).astype(np.uint8))
        scale = thumbnail_shape(SHAPE)[1] / SHAPE[1]
        assert np.median(flow[..., 0]) == pytest.approx(20 * scale, abs=0.5)

    def test_a_plain_picture_does_not_move(self):
        estimator = MotionEstimator()
        for _ in range(2):
            flow = estimator(np.full((48, 64, 3), 77, np.uint8))
        np.testing.assert_array_equal(flow, 0)

    @given(st.integers(2, 3000), st.integers(2, 3000))
    def test_a_thumbnail_has_the_aspect_of_its_image(self, height, width):
        rows, columns = thumbnail_shape((height, width))
        assert abs(rows / height - columns / width) <= 1 / min(height, width)
