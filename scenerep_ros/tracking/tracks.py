"""Tracked objects and their motion from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import SceneObject
from scenerep_ros.ops.region_properties import measure_regions
from scenerep_ros.tracking.optical_flow import propagate_points

_NO_POINTS = np.empty((0, 2), np.float32)


@dataclass(frozen=True)
class TrackConstants:
    """Tuned constants of tracked objects."""

    feature_update_rate: float = tuned(
        0.2, "weight of the frame's feature in the moving average", set_on="not recorded"
    )
    min_filtered_ratio: float = tuned(
        0.5,
        "filtered pixels, relative to detected ones, from which the filtered mask is expected next",
        set_on="not recorded; the rule was evaluated on TUM fr1_rpy",
    )


CONSTANTS = TrackConstants()


@dataclass(frozen=True)
class Track:
    """A tracked object.

    Attributes:
        id: stable object id.
        feature: (C,) float32, unit length, moving average over the frames.
        points: (n, 2) float32, expected u and v of its pixels on the tracking grid [px].
        age: number of frames in which it was detected.
        frames_lost: number of frames since it was last detected.
    """

    id: int
    feature: NDArray[np.float32]
    points: NDArray[np.float32]
    age: int = 1
    frames_lost: int = 0

    def updated(self, feature: NDArray[np.float32], points: NDArray[np.float32]) -> Track:
        """Copy of the track after the detection of a segment with this feature and mask."""
        rate = CONSTANTS.feature_update_rate
        mean = (1 - rate) * self.feature + rate * feature
        mean /= max(float(np.linalg.norm(mean)), 1e-6)
        return Track(self.id, mean, points, self.age + 1)

    def with_filtered_mask(self, points: NDArray[np.float32] | None) -> Track:
        """Copy that is expected at its temporally filtered mask.

        A track of which most pixels are not confirmed yet remains expected at the detected mask.
        With detected masks alone, an error of one frame's segmentation would spread to the next
        association.

        Args:
            points: (n, 2) float32, u and v of the filtered mask on the tracking grid [px]; None if
                it is empty.
        """
        points = _NO_POINTS if points is None else points
        if len(points) < CONSTANTS.min_filtered_ratio * len(self.points):
            return self
        return self.at(points)

    def at(self, points: NDArray[np.float32]) -> Track:
        """Copy that is expected at other points (n, 2)."""
        return Track(self.id, self.feature, points, self.age, self.frames_lost)

    def lost(self) -> Track:
        """Copy that was not detected in one more frame."""
        return Track(self.id, self.feature, self.points, self.age, self.frames_lost + 1)


def propagate_tracks(tracks: Sequence[Track], flow: NDArray[np.float32] | None) -> list[Track]:
    """Move the expected pixels of tracks along the flow; without flow, tracks have none.

    Args:
        tracks: tracks at the previous frame.
        flow: (h, w, 2) float32, from the previous tracking grid to the current one [px].
    """
    if flow is None or not tracks:
        return [track.at(_NO_POINTS) for track in tracks]
    points = propagate_points(np.concatenate([track.points for track in tracks]), flow)
    ends = np.cumsum([len(track.points) for track in tracks])
    parts = np.split(points, ends[:-1])
    return [track.at(part) for track, part in zip(tracks, parts, strict=True)]


def scene_objects(labels: NDArray[np.uint16], tracks: Sequence[Track]) -> tuple[SceneObject, ...]:
    """Describe each object that is present in labels (H, W), in order of id."""
    track_by_id = {track.id: track for track in tracks}
    statistics = measure_regions(labels)
    rows = zip(
        statistics.labels.tolist(),
        statistics.areas.tolist(),
        statistics.boxes.tolist(),
        strict=True,
    )
    return tuple(
        SceneObject(
            id_, area, (u, v, width, height), track_by_id[id_].feature, track_by_id[id_].age
        )
        for id_, area, (u, v, width, height) in rows
    )
