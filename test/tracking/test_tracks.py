"""Tracks, and their update and propagation."""

import numpy as np
import pytest

from scenerep_ros.tracking.tracks import CONSTANTS, Track, propagate_tracks

AXES = np.eye(3, dtype=np.float32)
POINTS = np.array([[10, 10], [11, 10], [10, 11], [11, 11]], np.float32)


def test_track_updated_mixes_features_and_resets_frames_lost():
    track = Track(3, AXES[0], POINTS, age=4, frames_lost=2).updated(AXES[1], POINTS + 5)
    rate = CONSTANTS.feature_update_rate
    expected = np.array([1 - rate, rate, 0]) / np.hypot(1 - rate, rate)
    np.testing.assert_allclose(track.feature, expected, rtol=1e-6)
    np.testing.assert_array_equal(track.points, POINTS + 5)
    assert (track.id, track.age, track.frames_lost) == (3, 5, 0)


@pytest.mark.parametrize(("count", "is_moved"), [(4, True), (2, True), (1, False)])
def test_track_with_filtered_mask_needs_half_of_its_pixels(count, is_moved):
    filtered = POINTS[:count] + 1
    track = Track(1, AXES[0], POINTS).with_filtered_mask(filtered)
    np.testing.assert_array_equal(track.points, filtered if is_moved else POINTS)


def test_track_with_empty_filtered_mask_keeps_detected_mask():
    track = Track(1, AXES[0], POINTS)
    assert track.with_filtered_mask(None) is track


def test_propagate_tracks_moves_each_track_along_flow():
    flow = np.zeros((20, 40, 2), np.float32)
    flow[:, :20], flow[:, 20:] = (1, 2), (-3, 0)
    tracks = [Track(1, AXES[0], POINTS), Track(2, AXES[1], POINTS + np.float32((15, 0)), age=7)]
    moved = propagate_tracks(tracks, flow)
    np.testing.assert_array_equal(moved[0].points, POINTS + np.float32((1, 2)))
    np.testing.assert_array_equal(moved[1].points, POINTS + np.float32((12, 0)))
    assert [(track.id, track.age) for track in moved] == [(1, 1), (2, 7)]


def test_propagate_tracks_without_flow_has_no_points():
    (track,) = propagate_tracks([Track(1, AXES[0], POINTS)], None)
    assert track.points.shape == (0, 2)


def test_propagate_tracks_of_no_tracks_is_empty():
    assert propagate_tracks([], np.zeros((20, 40, 2), np.float32)) == []
