"""Cuts, interruptions and unrelated images, by a tracker with its default options."""

import numpy as np
import pytest
from discs import DISCS, SHAPE, disc_labels, ids_by_label, texture_window, track

from scenerep_ros.config.options import TrackingOptions
from scenerep_ros.tracking.scenes import SceneHistory
from scenerep_ros.tracking.tracker import Tracker

PERIOD_NS = 33_333_333
CORNERS = {"A": (0, 0), "B": (500, 400), "C": (300, 100)}
"""Upper left corner of the texture that each scene shows."""
LABELS = disc_labels(DISCS)
OTHER_LABELS = disc_labels({1: (160, 120, 70), 2: (40, 200, 30)})


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(TrackingOptions())


class Camera:
    """Video of scenes that each frame names by a letter, at 30 Hz."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.frames = 0

    def show(self, scene: str, labels: np.ndarray, times: int = 1) -> dict[int, int]:
        """Track some equal frames of a scene; return the id of each label in the last one."""
        color = texture_window(*CORNERS[scene])
        for _ in range(times):
            self.frames += 1
            result = track(self.tracker, labels, color=color, stamp_ns=self.frames * PERIOD_NS)
        return ids_by_label(labels, result)

    def cover(self, times: int) -> None:
        """Track frames of noise without objects."""
        for _ in range(times):
            self.frames += 1
            noise = np.random.default_rng(self.frames).integers(0, 255, (*SHAPE, 3), np.uint8)
            stamp_ns = self.frames * PERIOD_NS
            track(self.tracker, np.zeros(SHAPE, np.int32), color=noise, stamp_ns=stamp_ns)


def object_labels(labels):
    return set(np.unique(labels).tolist()) - {0}


@pytest.mark.parametrize("length", [1, 5, 40])
def test_tracker_cut_starts_new_ids_with_frame_labels(tracker, length):
    camera = Camera(tracker)
    before = camera.show("A", LABELS, length)
    after = camera.show("B", OTHER_LABELS)
    assert not set(before.values()) & set(after.values())


def test_tracker_changed_aspect_starts_new_ids(tracker):
    before = ids_by_label(LABELS, track(tracker, LABELS))
    wide = np.zeros((240, 480), np.int32)
    wide[:, 160:] = LABELS
    assert not set(ids_by_label(wide, track(tracker, wide)).values()) & set(before.values())


def test_tracker_labels_after_cut_follow_each_frame(tracker):
    camera = Camera(tracker)
    camera.show("A", LABELS, 20)
    for _ in range(3):
        # Each label has one id, although the labels change from frame to frame.
        assert camera.show("B", LABELS).keys() == object_labels(LABELS)
        assert camera.show("B", OTHER_LABELS).keys() == object_labels(OTHER_LABELS)


def test_tracker_steady_scene_after_cut_is_filtered(tracker):
    camera = Camera(tracker)
    camera.show("A", LABELS, 20)
    camera.show("B", LABELS, 20)
    with pytest.raises(AssertionError):
        camera.show("B", OTHER_LABELS)


@pytest.mark.parametrize("frames", [1, 25])
def test_tracker_covered_camera_keeps_ids(tracker, frames):
    camera = Camera(tracker)
    before = camera.show("A", LABELS, 20)
    camera.cover(frames)
    assert camera.show("A", LABELS) == before
    assert camera.show("A", LABELS, 20) == before


def test_tracker_covered_beyond_max_lost_starts_new_ids():
    camera = Camera(Tracker(TrackingOptions(max_lost=10)))
    before = camera.show("A", LABELS, 20)
    camera.cover(12)
    assert not set(camera.show("A", LABELS).values()) & set(before.values())


def test_tracker_uncovered_elsewhere_starts_new_ids(tracker):
    camera = Camera(tracker)
    before = camera.show("A", LABELS, 20)
    camera.cover(20)
    assert not set(camera.show("C", LABELS).values()) & set(before.values())


def test_tracker_scene_between_two_others_is_not_resumed(tracker):
    camera = Camera(tracker)
    camera.show("A", LABELS, 20)
    shown = set(camera.show("B", LABELS, 5).values())
    camera.show("A", LABELS, 20)
    # The scene B was too short to be steady.
    assert not set(camera.show("B", LABELS).values()) & shown


def test_scene_history_first_scene_is_steady_until_doubt():
    history = SceneHistory()
    assert history.current.require_steady_frames(9)
    history.current.add(np.zeros((120, 160), np.uint8), None, is_steady=False)
    assert not history.current.require_steady_frames(9)
