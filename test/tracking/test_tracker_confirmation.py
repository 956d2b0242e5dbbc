"""Tracker with a label confirmation time, on segmentations that merge, split, add and drop objects."""

import itertools

import cv2
import numpy as np
import pytest
from discs import track_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.config.options import TrackingOptions
from scenerep_ros.frames import UNLABELLED, Features, RGBDFrame, Segmentation
from scenerep_ros.tracking.tracker import Tracker

SHAPE = (240, 320)
CONFIRMATION_FRAMES = 6
PERIOD_S = 1 / 30
RNG = np.random.default_rng(1)
TEXTURE = cv2.resize(RNG.integers(0, 255, (90, 120, 3), np.uint8), (960, 720))
FRAME_NUMBERS = itertools.count()
GRID = RNG.normal(size=(24, 32, 16)).astype(np.float32)
FEATURES = Features(GRID, GRID.mean((0, 1)))


def boxes(*edges: tuple[int, int, int, int]) -> np.ndarray:
    """Labels (H, W) of boxes, given by first column, end column, first row, end row."""
    labels = np.zeros(SHAPE, np.int32)
    for label, (left, right, top, bottom) in enumerate(edges, start=1):
        labels[top:bottom, left:right] = label
    return labels


LEFT, RIGHT = (60, 140, 80, 160), (140, 220, 80, 160)
APART, MERGED = boxes(LEFT, RIGHT), boxes((60, 220, 80, 160))
UNEVEN = boxes((60, 150, 80, 160), (150, 220, 80, 160))
EMPTY, ONLY_LEFT = boxes(), boxes(LEFT)
HOLE = np.full(SHAPE, UNLABELLED, np.int32)
CHANGES = pytest.mark.parametrize(
    ("before", "after"),
    [(UNEVEN, MERGED), (MERGED, APART), (APART, ONLY_LEFT), (ONLY_LEFT, APART), (APART, EMPTY)],
    ids=["merge", "split", "death", "birth", "empty"],
)


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(TrackingOptions(label_confirmation_time=CONFIRMATION_FRAMES * PERIOD_S))


def next_frame(color: np.ndarray) -> RGBDFrame:
    """Frame one period later than the last frame that was made."""
    return RGBDFrame(color, stamp_ns=round(next(FRAME_NUMBERS) * PERIOD_S * 1e9))


def track_labels(
    tracker: Tracker, labels: np.ndarray, offset: int = 0, times: int = 1, inferred=None
) -> np.ndarray:
    """Track some equal frames of a camera at this column, and return the last labels."""
    color = np.ascontiguousarray(TEXTURE[100:340, 100 + offset : 420 + offset])
    for _ in range(times):
        scene = track_frame(tracker, Segmentation(labels, inferred), FEATURES, next_frame(color))
    return scene.labels


def test_tracker_first_frame_keeps_its_labels(tracker):
    assert (track_labels(tracker, APART) == APART).all()


@CHANGES
def test_tracker_short_change_is_rejected(tracker, before, after):
    expected = track_labels(tracker, before, times=CONFIRMATION_FRAMES)
    for _ in range(3):
        labels = track_labels(tracker, after, times=CONFIRMATION_FRAMES - 1)
        assert (labels == expected).all()
        assert (track_labels(tracker, before) == expected).all()


@CHANGES
def test_tracker_lasting_change_is_accepted_after_confirmation_time(tracker, before, after):
    expected = track_labels(tracker, before, times=10)
    assert (track_labels(tracker, after, times=CONFIRMATION_FRAMES - 1) == expected).all()
    labels = track_labels(tracker, after)
    pairs = np.unique(np.stack([after.ravel(), labels.ravel()]), axis=1).T.tolist()
    assert len(pairs) == len({label for label, _ in pairs}) == len({id_ for _, id_ in pairs})
    assert ((labels > 0) == (after > 0)).all()


@CHANGES
def test_tracker_change_of_surface_is_accepted_at_once(tracker, before, after):
    track_labels(tracker, before, times=10)
    color = np.ascontiguousarray(TEXTURE[100:340, 100:420])
    changed = cv2.dilate(((before > 0) | (after > 0)).astype(np.uint8), np.ones((5, 5))) > 0
    color[changed] = RNG.integers(0, 255, 3)
    segmentation = Segmentation(after)
    labels = track_frame(tracker, segmentation, FEATURES, next_frame(color)).labels
    assert ((labels > 0) == (after > 0)).all()
    assert len(np.unique(labels)) == len(np.unique(after))


def test_tracker_split_after_merge_restores_ids(tracker):
    expected = track_labels(tracker, UNEVEN, times=CONFIRMATION_FRAMES)
    assert (track_labels(tracker, MERGED, times=2 * CONFIRMATION_FRAMES) != expected).any()
    assert (track_labels(tracker, UNEVEN, times=CONFIRMATION_FRAMES) == expected).all()


def test_tracker_lifted_object_gets_own_id_within_15_frames():
    tracker, background = Tracker(TrackingOptions()), TEXTURE[100:340, 100:420]
    merged_id = track_labels(tracker, MERGED, times=60)[120, 100]
    for frame in range(1, 16):
        top = 80 - 5 * frame
        color = background.copy()
        color[top : top + 80, 140:220] = TEXTURE[180:260, 240:320]
        segmentation = Segmentation(boxes(LEFT, (140, 220, top, top + 80)))
        labels = track_frame(tracker, segmentation, FEATURES, next_frame(color)).labels
    assert (labels[LEFT[2] : LEFT[3], LEFT[0] : LEFT[1] - 10] == merged_id).all()
    lifted = labels[top + 10 : top + 70, 150:210]
    assert np.mean((lifted != merged_id) & (lifted > 0)) > 0.9


def test_tracker_moving_camera_moves_filtered_labels(tracker):
    expected = track_labels(tracker, APART, times=CONFIRMATION_FRAMES)
    for offset in range(6, 60, 6):
        is_merged = offset % 12 == 0
        moved = np.roll(MERGED if is_merged else APART, -offset, axis=1)
        labels = track_labels(tracker, moved, offset)
        assert np.mean(labels != np.roll(expected, -offset, axis=1)) < 0.01


def test_tracker_moved_borders_follow_second_frame(tracker):
    before = track_labels(tracker, APART, times=10)
    wider = boxes((58, 142, 80, 160), (142, 221, 79, 162))
    assert (track_labels(tracker, wider) == before).all()
    assert (track_labels(tracker, wider) == wider).all()


def test_tracker_object_entering_image_appears_at_once(tracker):
    track_labels(tracker, EMPTY, times=10)
    entering = boxes((280, 320, 50, 200))
    assert track_labels(tracker, entering, offset=40)[60:190, 285:].all()


def test_tracker_pixels_of_one_transition_change_together(tracker):
    track_labels(tracker, MERGED, times=10)
    upper = boxes(LEFT, (140, 220, 80, 120))
    growing = [np.where(upper, upper, MERGED)] * 2 + [APART] * CONFIRMATION_FRAMES
    for labels in growing:
        right_part = track_labels(tracker, labels)[85:155, 145:215]
        assert len(np.unique(right_part)) == 1


def test_tracker_thin_strip_far_from_object_is_rejected(tracker):
    track_labels(tracker, ONLY_LEFT, times=10)
    strip = ONLY_LEFT.copy()
    strip[119:121, LEFT[1] : 300] = 1
    assert not track_labels(tracker, strip)[:, LEFT[1] + 5 :].any()


def test_tracker_lasting_merge_keeps_id_of_larger_part(tracker):
    expected = track_labels(tracker, UNEVEN, times=CONFIRMATION_FRAMES)
    for _ in range(5):
        labels = track_labels(tracker, MERGED, times=CONFIRMATION_FRAMES - 1)
        assert (labels == expected).all()
        assert (track_labels(tracker, UNEVEN) == expected).all()
    merged = track_labels(tracker, MERGED, times=CONFIRMATION_FRAMES)
    assert (merged == np.where(MERGED, expected[120, 100], 0)).all()


def test_tracker_equal_parts_that_merge_stay_two_objects(tracker):
    expected = track_labels(tracker, APART, times=CONFIRMATION_FRAMES)
    labels = track_labels(tracker, MERGED, times=3 * CONFIRMATION_FRAMES)
    assert (labels == expected).all()


def test_tracker_dropped_track_loses_its_filtered_labels():
    tracker = Tracker(TrackingOptions(label_confirmation_time=3.0, max_lost=3))
    track_labels(tracker, APART, times=5)
    assert track_labels(tracker, EMPTY, times=3).any()
    assert not track_labels(tracker, EMPTY).any()


def test_tracker_filtered_labels_survive_unlabelled_frame(tracker):
    expected = track_labels(tracker, APART, times=10)
    assert (track_labels(tracker, HOLE) == UNLABELLED).all()
    assert (track_labels(tracker, MERGED) == expected).all()


def test_tracker_track_dropped_in_unlabelled_frames_gets_new_id():
    tracker = Tracker(TrackingOptions(label_confirmation_time=3.0, max_lost=3))
    before = track_labels(tracker, APART, times=5)
    track_labels(tracker, HOLE, times=4)
    after = track_labels(tracker, APART)
    assert ((after > 0) == (APART > 0)).all()
    assert not set(after[APART > 0]) & set(before[APART > 0])


@pytest.mark.parametrize("is_inferred", [True, False])
def test_tracker_inferred_labels_never_replace_filtered_labels(tracker, is_inferred):
    before, after = boxes((40, 120, 60, 180)), boxes((40, 120, 60, 120), (40, 120, 120, 180))
    expected = track_labels(tracker, before, times=20)
    labels = track_labels(tracker, after, times=30, inferred=np.full(SHAPE, is_inferred))
    assert (labels == expected).all() == is_inferred


def test_tracker_unlabelled_pixels_stay_unlabelled(tracker):
    track_labels(tracker, APART, times=5)
    holes = np.where(np.arange(SHAPE[1]) < 100, UNLABELLED, MERGED).astype(np.int32)
    assert ((track_labels(tracker, holes) == UNLABELLED) == (holes == UNLABELLED)).all()


@given(seed=st.integers(0, 10**6), frames=st.integers(0, 4))
@settings(max_examples=10)
def test_tracker_random_labels_are_described_by_objects(seed, frames):
    rng = np.random.default_rng(seed)
    options = TrackingOptions(label_confirmation_time=frames * PERIOD_S, max_lost=2)
    tracker = Tracker(options)
    for _ in range(6):
        tiles = np.unique(rng.integers(0, 5, (6, 8)), return_inverse=True)[1].reshape(6, 8)
        labels = np.kron(tiles, np.ones((40, 40), np.int32)).astype(np.int32)
        frame = next_frame(np.ascontiguousarray(TEXTURE[:240, :320]))
        scene = track_frame(tracker, Segmentation(labels), FEATURES, frame)
        ids, areas = np.unique(scene.labels[scene.labels > 0], return_counts=True)
        assert [(o.id, o.area) for o in scene.objects] == list(zip(ids, areas, strict=True))
        for item in scene.objects:
            assert item.box == cv2.boundingRect((scene.labels == item.id).astype(np.uint8))
            assert np.linalg.norm(item.feature) == pytest.approx(1, rel=1e-5)


def test_tracker_frame_period_above_confirmation_time_accepts_each_frame(tracker):
    color = np.ascontiguousarray(TEXTURE[100:340, 100:420])
    for second, labels in enumerate((APART, APART, APART, MERGED)):
        frame = RGBDFrame(color, stamp_ns=second * 10**9)
        scene = track_frame(tracker, Segmentation(labels), FEATURES, frame)
    assert len(scene.objects) == 1


@pytest.mark.parametrize(("period_s", "frames"), [(0.1, 5), (0.05, 6), (1.0, 0), (-0.1, 0)])
def test_tracker_prepare_converts_confirmation_time_to_frames(period_s, frames):
    tracker = Tracker(TrackingOptions(label_confirmation_time=0.3))
    color = np.ascontiguousarray(TEXTURE[:240, :320])
    first = tracker.prepare(RGBDFrame(color, stamp_ns=10**9))
    assert (first.flow, first.warp, first.confirmation_frames) == (None, None, 0)
    second = tracker.prepare(RGBDFrame(color, stamp_ns=10**9 + round(period_s * 1e9)))
    assert second.confirmation_frames == frames
    np.testing.assert_allclose(second.flow, 0, atol=0.05)
    assert not second.warp.occluded.any()
