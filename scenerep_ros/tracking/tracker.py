"""Stable object ids from frame to frame.

Every track has the pixels at which its object is expected, which optical flow moves along even
while the object is not visible, and a slowly changing feature. The segments of a new frame are
assigned to the tracks (Kuhn, "The Hungarian method for the assignment problem", 1955) by the
overlap of masks and the similarity of features. So when an object splits, the larger part keeps the
id; when two objects merge, the id of the larger one stays and the other track is lost until its
object is detected again where it was. `temporal_filter` delays both until they are confirmed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from scenerep_ros.config.constants import tuned
from scenerep_ros.config.options import TrackingOptions
from scenerep_ros.frames import (
    BACKGROUND,
    MAX_ID,
    UNLABELLED,
    Features,
    RGBDFrame,
    SceneSegmentation,
    Segmentation,
)
from scenerep_ros.tracking.association import association_scores
from scenerep_ros.tracking.background_motion import estimate_residual_motion, mark_moving_pixels
from scenerep_ros.tracking.detections import (
    FrameDetections,
    extract_detections,
    points_by_id,
    relabel,
)
from scenerep_ros.tracking.scenes import Scene, SceneHistory
from scenerep_ros.tracking.surface_change import find_changed_surface
from scenerep_ros.tracking.temporal_filter import LabelHysteresis
from scenerep_ros.tracking.tracks import Track, propagate_tracks, scene_objects
from scenerep_ros.tracking.warping import BackwardWarp, estimate_backward_warp, warp_by_flow

_NS_PER_S = 1e9  # constant: unit


@dataclass(frozen=True)
class TrackerConstants:
    """Tuned constants of the tracker."""

    max_lost_tracks: int = tuned(
        200,
        "largest number of lost tracks that are kept",
        set_on="bound on the time per frame, which grows with the number of tracks",
    )
    min_memory_frames: int = tuned(
        30,
        "number of frames for which a track is remembered, however short it was seen",
        set_on="TUM fr1_rpy without poses: 1 swap, and 2 if each is remembered for 100 frames",
    )
    min_confirmation_frames: int = tuned(
        5,
        "number of frames after which a new label replaces the current one, at low frame rates",
        set_on="TUM fr1_rpy, every third frame",
    )


CONSTANTS = TrackerConstants()


@dataclass(frozen=True)
class MotionEstimate:
    """Image motion from the previous frame to the current one.

    Attributes:
        flow: (h, w, 2) float32, displacement of each pixel of the previous tracking grid [px]; None
            at the start of a scene.
        warp: positions of the frame's working-grid pixels in the previous frame; None without a
            previous frame of the same shape, and until the scene was steady for the confirmation
            time.
        confirmation_frames: number of consecutive frames after which a new label replaces the
            current one, at the frame rate of these two frames.
        residual: (h, w) float32 on the current tracking grid, speed against the background [px per
            frame]; None if there is no previous frame or no dominant motion, and in frames with
            depth, which do not use it.
    """

    flow: NDArray[np.float32] | None
    warp: BackwardWarp | None
    confirmation_frames: int
    residual: NDArray[np.float32] | None = None


class Tracker:
    """Assignment of stable ids to the segments of consecutive frames.

    For each frame, call `prepare` and then `update`.
    """

    def __init__(self, options: TrackingOptions) -> None:
        self.configure(options)
        self.reset()

    def configure(self, options: TrackingOptions) -> None:
        """Apply changed options; tracks are kept."""
        self._options = options

    def reset(self) -> None:
        """Discard all tracks; ids start again at 1."""
        self._last_id = 0
        self._label_filter = LabelHysteresis()
        self._scenes = SceneHistory()

    @property
    def _scene(self) -> Scene:
        return self._scenes.current

    def prepare(self, frame: RGBDFrame) -> MotionEstimate:
        """Estimate the image motion since the previous frame; this needs no segmentation."""
        flow = self._scenes.add(frame, self._options.max_lost)
        previous, current = self._scene.previous_frame, self._scene.frame
        if flow is None or previous is None or current is None:
            return MotionEstimate(None if flow is None else flow.forward, None, 0)
        residual = None
        if frame.depth is None:
            residual = estimate_residual_motion(flow.measured, flow.measured_backward)
        frames = self._confirmation_frames(frame.stamp_ns - previous.frame.stamp_ns)
        is_steady = self._scene.require_steady_frames(frames)
        if not is_steady or previous.frame.shape != frame.shape:
            return MotionEstimate(flow.forward, None, frames, residual)
        measured = by_flow = warp_by_flow(flow.measured_backward, frame.shape)
        if not flow.is_reliable:
            by_flow = warp_by_flow(flow.backward, frame.shape)
        warp = estimate_backward_warp(by_flow, previous, current)
        if residual is not None:
            warp = mark_moving_pixels(warp, residual)
        warp = replace(warp, changed=find_changed_surface(flow, measured, previous, current))
        return MotionEstimate(flow.forward, warp, frames, residual)

    def update(
        self, segmentation: Segmentation, features: Features, motion: MotionEstimate
    ) -> SceneSegmentation:
        """Assign ids to the segments of a frame and filter its labels over time.

        Args:
            segmentation: segments of the frame.
            features: backbone features of the frame.
            motion: result of `prepare` for the same frame.
        """
        detections = extract_detections(segmentation, features)
        # Assign an id to each segment.
        tracks = self._assign_ids(detections, motion.flow)
        frame_labels = relabel(segmentation, detections, [track.id for track in tracks])
        # Filter the labels over time, and expect each object at its filtered mask next.
        labels = self._filter_labels(frame_labels, motion, segmentation.inferred)
        filtered_points = points_by_id(labels)
        self._scene.tracks = [
            track.with_filtered_mask(filtered_points.get(track.id)) for track in self._scene.tracks
        ]
        return SceneSegmentation(labels=labels, objects=scene_objects(labels, self._scene.tracks))

    def _confirmation_frames(self, elapsed_ns: int) -> int:
        """Convert the label confirmation time to frames.

        It is 0 if time does not advance, or by more than twice the confirmation time.
        """
        if elapsed_ns <= 0:
            return 0
        frames = round(self._options.label_confirmation_time * _NS_PER_S / elapsed_ns)
        return max(frames, CONSTANTS.min_confirmation_frames) if frames else 0

    def _filter_labels(
        self,
        frame_labels: NDArray[np.uint16],
        motion: MotionEstimate,
        inferred: NDArray[np.bool_] | None,
    ) -> NDArray[np.uint16]:
        """Apply the temporal filter; tracks that are old enough are confirmed."""
        frames = motion.confirmation_frames
        is_tracked = _label_mask(track.id for track in self._scene.tracks)
        is_confirmed = _label_mask(track.id for track in self._scene.tracks if track.age >= frames)
        return self._label_filter.update(
            frame_labels, motion.warp, is_tracked, is_confirmed, frames, inferred
        )

    def _assign_ids(
        self, detections: FrameDetections, flow: NDArray[np.float32] | None
    ) -> list[Track]:
        """Return the track, existing or new, of each segment; update the list of tracks."""
        predicted = propagate_tracks(self._scene.tracks, flow)
        # Match existing tracks with segments, and keep the others as lost.
        matches = self._match_tracks(predicted, detections)
        matched_ids = {track.id for track in matches.values()}
        unmatched = [track for track in predicted if track.id not in matched_ids]
        lost = self._age_lost_tracks(unmatched, detections)
        # Update matched tracks, and start new ones.
        used_ids = matched_ids | {track.id for track in lost}
        tracks = [
            matches[index].updated(feature, points)
            if index in matches
            else Track(self._next_id(used_ids), feature, points)
            for index, (feature, points) in enumerate(
                zip(detections.features, detections.points, strict=True)
            )
        ]
        self._scene.tracks = tracks + lost
        return tracks

    def _match_tracks(self, tracks: list[Track], detections: FrameDetections) -> dict[int, Track]:
        """Assign tracks to indices of segments so that the sum of association scores is largest."""
        if not tracks or not len(detections.labels):
            return {}
        scores = association_scores(
            [track.points for track in tracks],
            np.stack([track.feature for track in tracks]),
            [track.frames_lost for track in tracks],
            detections,
        )
        scores[scores < self._options.min_association_score] = 0
        pairs = zip(*linear_sum_assignment(scores, maximize=True), strict=True)
        return {
            int(segment): tracks[track] for track, segment in pairs if scores[track, segment] > 0
        }

    def _age_lost_tracks(self, unmatched: list[Track], detections: FrameDetections) -> list[Track]:
        """Count one more lost frame, and drop tracks that were lost for too long.

        A track is remembered for as long as it was seen, so that fragments are forgotten soon.
        """
        lost = [track.lost() for track in unmatched]
        lost = [track for track in lost if track.frames_lost <= self._memory_frames(track)]
        lost.sort(key=lambda track: track.frames_lost)
        return lost[: min(CONSTANTS.max_lost_tracks, MAX_ID - len(detections.labels))]

    def _memory_frames(self, track: Track) -> int:
        """Number of frames for which a track is remembered while it is lost."""
        return min(self._options.max_lost, max(CONSTANTS.min_memory_frames, track.age))

    def _next_id(self, used_ids: set[int]) -> int:
        """Next id that no track has; after MAX_ID the ids start again at 1."""
        self._last_id = self._last_id % MAX_ID + 1
        while self._last_id in used_ids:
            self._last_id = self._last_id % MAX_ID + 1
        return self._last_id


def _label_mask(ids: Iterable[int]) -> NDArray[np.bool_]:
    """Lookup table (65536,) that is true for the ids and the background."""
    mask = np.zeros(UNLABELLED + 1, np.bool_)
    mask[[BACKGROUND, *ids]] = True
    return mask
