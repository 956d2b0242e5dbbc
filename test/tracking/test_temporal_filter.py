"""What a tracker with patience makes of cuts that merge, split, invent and drop things."""

import itertools

import cv2
import numpy as np
import pytest
import torch
from discs import track_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.config.options import TrackingOptions
from scenerep_ros.frames import KINECT, UNLABELLED, Features, RGBDFrame, Segmentation
from scenerep_ros.tracking.tracker import Tracker
from scenerep_ros.tracking.warping import find_places

SHAPE = (240, 320)
PATIENCE = 4
"""Frames."""
PERIOD = 1 / 30
"""Seconds from frame to frame."""
RNG = np.random.default_rng(1)
TEXTURE = cv2.resize(RNG.integers(0, 255, (90, 120, 3), np.uint8), (960, 720))
TICKS = itertools.count()
GRID = torch.tensor(RNG.normal(size=(24, 32, 16)), dtype=torch.float32)


def boxes(*edges: tuple[int, int, int, int]) -> np.ndarray:
    """Labels (H, W) of boxes: first column, end, first row, end."""
    labels = np.zeros(SHAPE, np.int32)
    for label, (left, right, top, bottom) in enumerate(edges, start=1):
        labels[top:bottom, left:right] = label
    return labels


LEFT, RIGHT = (60, 140, 80, 160), (140, 220, 80, 160)
APART, MERGED = boxes(LEFT, RIGHT), boxes((60, 220, 80, 160))
UNEVEN = boxes((60, 150, 80, 160), (150, 220, 80, 160))
EMPTY, ONLY_LEFT = boxes(), boxes(LEFT)
HOLE = np.full(SHAPE, UNLABELLED, np.int32)


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(TrackingOptions(patience=PATIENCE * PERIOD))


def shown(picture: np.ndarray) -> RGBDFrame:
    """A frame one period later than the one before it."""
    return RGBDFrame(picture, stamp_ns=round(next(TICKS) * PERIOD * 1e9))


def show(tracker: Tracker, labels: np.ndarray, offset: int = 0, times: int = 1) -> np.ndarray:
    """What the tracker says of the last of some equal frames."""
    color = np.ascontiguousarray(TEXTURE[100:340, 100 + offset : 420 + offset])
    for _ in range(times):
        scene = track_frame(
            tracker, Segmentation(labels), Features(GRID, GRID.mean((0, 1))), shown(color)
        )
    return scene.labels


def test_the_first_frame_is_believed_as_it_is(tracker):
    assert (show(tracker, APART) == APART).all()


@pytest.mark.parametrize(
    ("usual", "slip"),
    [(APART, MERGED), (MERGED, APART), (APART, ONLY_LEFT), (ONLY_LEFT, APART), (APART, EMPTY)],
    ids=["merge", "split", "death", "birth", "nothing"],
)
def test_a_slip_of_the_cut_changes_nothing(tracker, usual, slip):
    believed = show(tracker, usual, times=PATIENCE)
    for _ in range(3):
        assert (show(tracker, slip, times=PATIENCE - 1) == believed).all()
        assert (show(tracker, usual) == believed).all()


@pytest.mark.parametrize(
    ("before", "after"),
    [(UNEVEN, MERGED), (MERGED, APART), (APART, ONLY_LEFT), (ONLY_LEFT, APART), (APART, EMPTY)],
    ids=["merge", "split", "death", "birth", "nothing"],
)
def test_what_lasts_is_believed_after_the_patience(tracker, before, after):
    believed = show(tracker, before, times=10)
    assert (show(tracker, after, times=PATIENCE - 1) == believed).all()
    labels = show(tracker, after)
    pairs = np.unique(np.stack([after.ravel(), labels.ravel()]), axis=1).T.tolist()
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})
    assert ((labels > 0) == (after > 0)).all()


def test_what_comes_back_has_its_id(tracker):
    believed = show(tracker, UNEVEN, times=PATIENCE)
    assert (show(tracker, MERGED, times=2 * PATIENCE) != believed).any()
    assert (show(tracker, UNEVEN, times=PATIENCE) == believed).all()


def test_an_object_lifted_from_another_is_another_soon():
    tracker, ground = Tracker(TrackingOptions()), TEXTURE[100:340, 100:420]
    whole = show(tracker, MERGED, times=60)[120, 100]
    for frame in range(1, 16):
        top = 80 - 5 * frame
        picture = ground.copy()
        picture[top : top + 80, 140:220] = TEXTURE[180:260, 240:320]
        cut = boxes(LEFT, (140, 220, top, top + 80))
        features = Features(GRID, GRID.mean((0, 1)))
        labels = track_frame(tracker, Segmentation(cut), features, shown(picture)).labels
    assert (labels[LEFT[2] : LEFT[3], LEFT[0] : LEFT[1] - 10] == whole).all()
    lifted = labels[top + 10 : top + 70, 150:210]
    assert np.mean((lifted != whole) & (lifted > 0)) > 0.9


def test_belief_moves_with_the_camera(tracker):
    believed = show(tracker, APART, times=PATIENCE)
    for offset in range(6, 60, 6):
        slip = offset % 12 == 0
        moved = np.roll(MERGED if slip else APART, -offset, axis=1)
        labels = show(tracker, moved, offset)
        assert np.mean(labels != np.roll(believed, -offset, axis=1)) < 0.01


def test_borders_are_the_frames_own(tracker):
    show(tracker, APART, times=10)
    wider = boxes((58, 142, 80, 160), (142, 221, 79, 162))
    assert (show(tracker, wider) == wider).all()


def test_what_enters_the_picture_is_believed_at_once(tracker):
    show(tracker, EMPTY, times=10)
    entering = boxes((280, 320, 50, 200))
    assert show(tracker, entering, offset=40)[60:190, 285:].all()


def test_parts_go_over_as_a_whole(tracker):
    show(tracker, MERGED, times=10)
    upper = boxes(LEFT, (140, 220, 80, 120))
    growing = [np.where(upper, upper, MERGED)] * 2 + [APART] * PATIENCE
    for cut in growing:
        part = show(tracker, cut)[85:155, 145:215]
        assert len(np.unique(part)) == 1


def test_a_thin_strip_far_from_its_object_is_doubted_like_all_else(tracker):
    show(tracker, ONLY_LEFT, times=10)
    whisker = ONLY_LEFT.copy()
    whisker[119:121, LEFT[1] : 300] = 1
    assert not show(tracker, whisker)[:, LEFT[1] + 5 :].any()


def test_of_a_merge_that_comes_and_goes_the_larger_part_keeps_its_id(tracker):
    believed = show(tracker, UNEVEN, times=PATIENCE)
    for _ in range(5):
        assert (show(tracker, MERGED, times=PATIENCE - 1) == believed).all()
        assert (show(tracker, UNEVEN) == believed).all()
    merged = show(tracker, MERGED, times=PATIENCE)
    assert (merged == np.where(MERGED, believed[120, 100], 0)).all()


def test_an_id_that_is_forgotten_is_not_believed():
    tracker = Tracker(TrackingOptions(patience=3.0, max_lost=3))
    show(tracker, APART, times=5)
    assert show(tracker, EMPTY, times=3).any()
    assert not show(tracker, EMPTY).any()


def test_equal_parts_that_merge_stay_two(tracker):
    believed = show(tracker, APART, times=PATIENCE)
    assert (show(tracker, MERGED, times=3 * PATIENCE) == believed).all()


def test_what_is_believed_outlasts_a_hole(tracker):
    believed = show(tracker, APART, times=10)
    assert (show(tracker, HOLE) == UNLABELLED).all()
    assert (show(tracker, MERGED) == believed).all()


def test_an_id_that_is_forgotten_in_a_hole_is_not_believed():
    tracker = Tracker(TrackingOptions(patience=3.0, max_lost=3))
    believed = show(tracker, APART, times=5)
    show(tracker, HOLE, times=4)
    again = show(tracker, APART)
    assert ((again > 0) == (APART > 0)).all()
    assert not set(again[APART > 0]) & set(believed[APART > 0])


@pytest.mark.parametrize("guessed", [True, False])
def test_a_guess_does_not_change_what_is_believed(tracker, guessed):
    before, after = boxes((40, 120, 60, 180)), boxes((40, 120, 60, 120), (40, 120, 120, 180))
    first = show(tracker, before, times=20)
    color = np.ascontiguousarray(TEXTURE[100:340, 100:420])
    cut = Segmentation(after, np.full(SHAPE, guessed))
    for _ in range(30):
        labels = track_frame(tracker, cut, Features(GRID, GRID.mean((0, 1))), shown(color)).labels
    assert (labels == first).all() == guessed


def test_unlabelled_pixels_stay_so(tracker):
    show(tracker, APART, times=5)
    holes = np.where(np.arange(SHAPE[1]) < 100, UNLABELLED, MERGED).astype(np.int32)
    assert ((show(tracker, holes) == UNLABELLED) == (holes == UNLABELLED)).all()


@given(seed=st.integers(0, 10**6), patience=st.integers(0, 4))
@settings(max_examples=10, deadline=None)
def test_objects_describe_what_any_labels_show(seed, patience):
    rng = np.random.default_rng(seed)
    tracker = Tracker(TrackingOptions(patience=patience, max_lost=2))
    for _ in range(6):
        cells = np.unique(rng.integers(0, 5, (6, 8)), return_inverse=True)[1].reshape(6, 8)
        labels = np.kron(cells, np.ones((40, 40), np.int32)).astype(np.int32)
        frame = RGBDFrame(np.ascontiguousarray(TEXTURE[:240, :320]))
        scene = track_frame(tracker, Segmentation(labels), Features(GRID, GRID.mean((0, 1))), frame)
        ids, areas = np.unique(scene.labels[scene.labels > 0], return_counts=True)
        assert [(o.id, o.area) for o in scene.objects] == list(zip(ids, areas, strict=True))
        for item in scene.objects:
            assert item.box == cv2.boundingRect((scene.labels == item.id).astype(np.uint8))
            assert np.linalg.norm(item.feature) == pytest.approx(1, rel=1e-5)


class TestPlaces:
    def frame(self, x: float, depth: np.ndarray) -> RGBDFrame:
        pose = np.eye(4)
        pose[0, 3] = x
        color = np.zeros((480, 640, 3), np.uint8)
        return RGBDFrame(color, depth.astype(np.float32), KINECT, pose=pose)

    def find(self, last: RGBDFrame, frame: RGBDFrame):
        return find_places(np.zeros((120, 160, 2), np.float32), last, frame)

    def test_pose_and_depth_tell_where_cells_were(self):
        wall = np.full((480, 640), 2.0)
        places = self.find(self.frame(0, wall), self.frame(0.08, wall))
        shift = 0.08 * KINECT.fx / 2 / 2  # cells of two pixels, at two metres
        np.testing.assert_allclose(places.u, np.arange(320)[None] + np.full((240, 1), shift), 1e-4)
        np.testing.assert_allclose(places.v, np.arange(240)[:, None] + np.zeros(320), atol=1e-3)
        assert not places.hidden.any()
        assert places.new[:, 310:].all()
        assert not places.new[:, :309].any()

    def test_what_was_behind_something_is_new(self):
        wall, box = np.full((480, 640), 2.0), np.full((480, 640), 2.0)
        box[100:200, 100:200] = 1.0
        places = self.find(self.frame(0, box), self.frame(0, wall))
        assert places.hidden[51:99, 51:99].all()
        assert places.hidden.sum() == 50 * 50

    def test_without_depth_flow_tells(self):
        flow = np.full((120, 160, 2), (3, -2), np.float32)
        frame = RGBDFrame(np.zeros((480, 640, 3), np.uint8))
        places = find_places(flow, frame, frame)
        np.testing.assert_allclose(places.u, np.arange(320)[None] - np.full((240, 1), 6), atol=1e-4)
        np.testing.assert_allclose(places.v, np.arange(240)[:, None] + np.full(320, 4), atol=1e-4)


def test_at_a_low_frame_rate_each_frame_is_believed(tracker):
    features = Features(GRID, GRID.mean((0, 1)))
    color = np.ascontiguousarray(TEXTURE[100:340, 100:420])
    for second, cut in enumerate((APART, APART, APART, MERGED)):
        scene = track_frame(
            tracker, Segmentation(cut), features, RGBDFrame(color, stamp_ns=second * 10**9)
        )
    assert len(scene.objects) == 1
