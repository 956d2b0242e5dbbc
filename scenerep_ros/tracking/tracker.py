"""Ids that stay with their objects from frame to frame.

Every known object keeps the pixels at which it is believed, which the picture's motion carries
along even while it is out of sight, and a slowly changing feature. The objects of a new frame are
assigned to the known ones (Kuhn, "The Hungarian method for the assignment problem", 1955) by how
well carried pixels overlap and features agree. So when an object falls into two, the larger part
keeps the id; when two become one, the larger one's id wins, and the other one is lost until it
shows again where it was. But neither is believed before it lasts (`belief`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from scenerep_ros.config.options import TrackingOptions
from scenerep_ros.frames import (
    BACKGROUND,
    MAX_ID,
    UNLABELLED,
    Features,
    RGBDFrame,
    SceneObject,
    SceneSegmentation,
    Segmentation,
)
from scenerep_ros.ops.region_properties import label_statistics
from scenerep_ros.tracking.association import agreement
from scenerep_ros.tracking.detections import Observation, find_points, observe
from scenerep_ros.tracking.optical_flow import MotionEstimator, carry, picture
from scenerep_ros.tracking.temporal_filter import Belief
from scenerep_ros.tracking.warping import Places, find_places

_NEW_SHARE = 0.2  # of this frame's feature in the remembered one
_NO_POINTS = np.empty((0, 2), np.float32)
_MOST_LOST = 200  # objects out of sight that are remembered; bounds the time that a frame takes


@dataclass(frozen=True)
class _Track:
    """A known object.

    Attributes:
        id: which lasts.
        feature: (C,) float32, unit length.
        points: (n, 2) float32, u and v in the thumbnail, where its pixels should be now.
        age: frames in which it was seen.
        lost: frames since it was last seen.
    """

    id: int
    feature: NDArray[np.float32]
    points: NDArray[np.float32]
    age: int = 1
    lost: int = 0

    def seen_again(self, feature: NDArray[np.float32], points: NDArray[np.float32]) -> _Track:
        mixed = (1 - _NEW_SHARE) * self.feature + _NEW_SHARE * feature
        mixed /= max(float(np.linalg.norm(mixed)), 1e-6)
        return _Track(self.id, mixed, points, self.age + 1)

    def believed_at(self, points: NDArray[np.float32]) -> _Track:
        """Expect it where it is believed; one that is mostly not believed yet, where it was seen.

        Else whatever one frame's cut made of it would say what the next frame's is compared with.
        """
        if 2 * len(points) < len(self.points):
            return self
        return replace(self, points=points)


@dataclass(frozen=True)
class MotionEstimate:
    """Image motion from the previous frame to the current one.

    Attributes:
        flow: (h, w, 2) float32, displacement of each pixel of the previous tracking image [px];
            None where it cannot be estimated.
        warp: positions of this frame's cells in the previous frame; None where they are unknown.
        confirmation_frames: number of consecutive frames in which a new label must appear before
            it replaces the current one, at the frame rate of these two frames.
    """

    flow: NDArray[np.float32] | None
    warp: Places | None
    confirmation_frames: int


class Tracker:
    """Gives the objects of consecutive frames ids that last."""

    def __init__(self, options: TrackingOptions) -> None:
        self.configure(options)
        self.reset()

    def configure(self, options: TrackingOptions) -> None:
        """Take over changed options; known objects are not forgotten."""
        self._options = options

    def reset(self) -> None:
        """Forget all objects; ids start again at 1."""
        self._tracks: list[_Track] = []
        self._last_id = 0
        self._motion = MotionEstimator()
        self._belief = Belief()
        self._last_frame: RGBDFrame | None = None

    def prepare(self, frame: RGBDFrame) -> MotionEstimate:
        """Estimate the image motion since the previous frame; this needs no segmentation."""
        if not self._options.track:
            return MotionEstimate(None, None, 0)
        flow = self._motion(picture(frame))
        last, self._last_frame = self._last_frame, frame
        if flow is None or last is None or last.shape != frame.shape:
            return MotionEstimate(flow, None, 0)
        elapsed = frame.stamp_ns - last.stamp_ns
        frames = round(self._options.patience * 1e9 / elapsed) if elapsed > 0 else 0
        return MotionEstimate(flow, find_places(flow, last, frame), frames)

    def update(
        self, segmentation: Segmentation, features: Features, motion: MotionEstimate
    ) -> SceneSegmentation:
        """Assign ids to the segments of a frame and filter its labels over time.

        Without the option `track`, each object keeps the number that the segmentation gave it.

        Args:
            segmentation: segments of the frame.
            features: backbone features of the frame.
            motion: result of `prepare` for the same frame.
        """
        seen = observe(segmentation, features)
        if self._options.track:
            labels, tracks = self._follow(segmentation, seen, motion)
        else:
            tracks = _unfollowed(seen)
            labels = _paint(segmentation, seen, tracks)
        return SceneSegmentation(labels=labels, objects=_objects(labels, tracks))

    def _follow(
        self, segmentation: Segmentation, seen: Observation, motion: MotionEstimate
    ) -> tuple[NDArray[np.uint16], list[_Track]]:
        """Return what is believed of the frame, and all known objects."""
        named = _paint(segmentation, seen, self._identify(seen, motion.flow))
        known = _table(track.id for track in self._tracks)
        patience = motion.confirmation_frames
        confirmed = _table(track.id for track in self._tracks if track.age >= patience)
        labels = self._belief(named, motion.warp, known, confirmed, patience, segmentation.inferred)
        believed = find_points(labels)
        self._tracks = [
            track.believed_at(believed.get(track.id, _NO_POINTS)) for track in self._tracks
        ]
        return labels, self._tracks

    def _identify(self, seen: Observation, flow: NDArray[np.float32] | None) -> list[_Track]:
        """Return the track, known or new, of each object that is seen, and remember them all."""
        known = _carried(self._tracks, flow)
        match = self._match(known, seen)
        matched = {track.id for track in match.values()}
        lost = self._remembered([track for track in known if track.id not in matched], seen)
        taken = matched | {track.id for track in lost}
        tracks = [
            match[i].seen_again(feature, points)
            if i in match
            else _Track(self._fresh_id(taken), feature, points)
            for i, (feature, points) in enumerate(zip(seen.features, seen.points, strict=True))
        ]
        self._tracks = tracks + lost
        return tracks

    def _match(self, known: list[_Track], seen: Observation) -> dict[int, _Track]:
        """Assign known tracks to places in `seen`, so that the sum of agreements is largest."""
        if not known or not len(seen.labels):
            return {}
        scores = agreement(
            [track.points for track in known],
            np.stack([track.feature for track in known]),
            [track.lost for track in known],
            seen,
        )
        scores[scores < self._options.min_match] = 0
        pairs = zip(*linear_sum_assignment(scores, maximize=True), strict=True)
        return {int(i): known[t] for t, i in pairs if scores[t, i] > 0}

    def _remembered(self, unseen: list[_Track], seen: Observation) -> list[_Track]:
        """Count one more frame out of sight, and forget those that were so for too long."""
        lost = [replace(track, lost=track.lost + 1) for track in unseen]
        lost = [track for track in lost if track.lost <= self._options.max_lost]
        lost.sort(key=lambda track: track.lost)
        return lost[: min(_MOST_LOST, MAX_ID - len(seen.labels))]

    def _fresh_id(self, taken: set[int]) -> int:
        """Next id round the circle that no remembered object has."""
        self._last_id = self._last_id % MAX_ID + 1
        while self._last_id in taken:
            self._last_id = self._last_id % MAX_ID + 1
        return self._last_id


def _unfollowed(seen: Observation) -> list[_Track]:
    items = zip(seen.labels, seen.features, seen.points, strict=True)
    return [_Track(int(label), feature, points) for label, feature, points in items]


def _carried(tracks: list[_Track], flow: NDArray[np.float32] | None) -> list[_Track]:
    """Move what is known into this frame; without a flow, nobody knows where anything is."""
    if flow is None or not tracks:
        return [replace(track, points=_NO_POINTS) for track in tracks]
    points = carry(np.concatenate([track.points for track in tracks]), flow)
    ends = np.cumsum([len(track.points) for track in tracks])
    pieces = np.split(points, ends[:-1])
    return [replace(track, points=piece) for track, piece in zip(tracks, pieces, strict=True)]


def _paint(
    segmentation: Segmentation, seen: Observation, tracks: list[_Track]
) -> NDArray[np.uint16]:
    """Replace the segmentation's numbers by ids."""
    table = np.zeros(UNLABELLED + 1, np.uint16)
    table[UNLABELLED] = UNLABELLED
    table[seen.labels] = [track.id for track in tracks]
    return table.take(segmentation.labels)


def _table(ids: Iterable[int]) -> NDArray[np.bool_]:
    """(65536,), true for the ids and the background."""
    table = np.zeros(UNLABELLED + 1, np.bool_)
    table[[BACKGROUND, *ids]] = True
    return table


def _objects(labels: NDArray[np.uint16], tracks: list[_Track]) -> tuple[SceneObject, ...]:
    known = {track.id: track for track in tracks}
    found = label_statistics(labels)
    items = zip(found.labels.tolist(), found.areas.tolist(), found.boxes.tolist(), strict=True)
    return tuple(
        SceneObject(id_, area, (u, v, width, height), known[id_].feature, known[id_].age)
        for id_, area, (u, v, width, height) in items
    )
