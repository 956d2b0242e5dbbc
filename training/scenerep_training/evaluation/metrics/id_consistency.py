"""Id switches and track lengths of a video without ground truth.

The metrics follow the multiple-object-tracking vocabulary (IDSW and fragmentation of CLEAR MOT,
Bernardin and Stiefelhagen, 2008; identity of IDF1, Ristani et al., ECCV workshops 2016), with the
image itself in place of ground truth: ids are warped from frame to frame along the backward warp
(`warping`), and the overlap of warped and current ids gives the association. Pixels of a lost
object that belong to no other object keep its id, so that an object that returns under another id
is detected while its place stays in view.

Let n(a, b) be the number of pixels with warped id a and current id b, visible in both frames and
not unlabelled.

  - Id switch a -> b, a != b: more than half of the pixels with warped id a now have b, more than
    half of those with current id b had a, and at least half of a's last area and of b's area is
    visible. An object that merges into a larger one or splits off from one is no switch, unless
    the larger part changes its id.
  - A switch is a swap if b was in use before, and a re-birth if b is new. Two objects that exchange
    ids are two swaps.
  - The track length of an id is the time from its first to its last frame on one object, frames in
    which it was lost included. A present id starts a new track if another id switched to it, or if
    enough of its warped pixels are visible and neither the majority of them nor the majority of
    its current pixels kept it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_training.evaluation.label_propagation.warping import NearestBackwardWarp
from scenerep_training.evaluation.metrics.overlap import contingency_table

Labels = NDArray[np.uint16]

MAJORITY = 0.5
"""Share of pixels above which they decide an association."""
MIN_VISIBLE_RATIO = 0.5
"""Share of an object's area that must be visible to judge its id."""
LABEL_COUNT = UNLABELLED + 1


@dataclass(frozen=True)
class IdTransitions:
    """Overlap between the A warped ids and the B current ids of a frame.

    Attributes:
        overlap: (A, B) int64 pixels with each pair of a warped and a current id.
        warped_ids: (A,) int64 ids of the previous frames.
        current_ids: (B,) int64 ids of this frame.
        warped_areas: (A,) int64 visible pixels with each warped id.
        current_areas: (B,) int64 visible pixels with each current id.
    """

    overlap: NDArray[np.int64]
    warped_ids: NDArray[np.int64]
    current_ids: NDArray[np.int64]
    warped_areas: NDArray[np.int64]
    current_areas: NDArray[np.int64]

    @property
    def is_majority_of_warped(self) -> NDArray[np.bool_]:
        """(A, B) bool, True where most visible pixels with warped id a now have b."""
        return self.overlap > MAJORITY * self.warped_areas[:, None]

    @property
    def is_majority_of_current(self) -> NDArray[np.bool_]:
        """(A, B) bool, True where most visible pixels with current id b had a."""
        return self.overlap > MAJORITY * self.current_areas[None]


class IdConsistency:
    """Accumulates id switches and track lengths over the frames of a video.

    Attributes:
        swaps: number of switches to an id that was in use before.
        rebirths: number of switches to a new id.
    """

    def __init__(self) -> None:
        self.swaps = self.rebirths = 0
        self._frame = -1
        self._last_ids: Labels | None = None
        self._last_area = np.zeros(LABEL_COUNT, np.int64)  # when last present; 0 = never
        self._first_frame = np.zeros(LABEL_COUNT, np.int64)  # of the current track
        self._last_frame = np.zeros(LABEL_COUNT, np.int64)
        self._ended_lengths: list[int] = []

    def update(self, labels: Labels, warp: NearestBackwardWarp | None) -> None:
        """Add the next frame.

        Args:
            labels: (H, W) uint16.
            warp: from the frame to the previous frame; None for the first frame.
        """
        self._frame += 1
        area = np.bincount(labels.ravel(), minlength=LABEL_COUNT)
        area[[BACKGROUND, UNLABELLED]] = 0
        present = np.flatnonzero(area)
        started = present[self._last_area[present] == 0]
        warped = self._warp_ids(warp)
        if warp is not None and warped is not None:
            transitions = count_transitions(warped, labels, warp.visible)
            # Count the id switches.
            targets = self._switch_targets(transitions, area)
            is_used = self._last_area[targets] > 0
            self.swaps += int(np.count_nonzero(is_used))
            self.rebirths += int(np.count_nonzero(~is_used))
            # End the tracks of ids that moved to another object, and start new ones.
            moved = np.union1d(targets[is_used], self._moved_ids(transitions))
            self._ended_lengths += (self._last_frame - self._first_frame + 1)[moved].tolist()
            started = np.concatenate([started, moved])
        self._first_frame[started] = self._frame
        self._last_frame[present] = self._frame
        self._last_area[present] = area[present]
        self._last_ids = _keep_lost_ids(labels, warped, area)

    def track_lengths(self) -> NDArray[np.int64]:
        """Return the length of each ended and each current track, in frames."""
        current = np.flatnonzero(self._last_area)
        lengths = (self._last_frame - self._first_frame + 1)[current]
        return np.array(self._ended_lengths + lengths.tolist(), np.int64)

    def _warp_ids(self, warp: NearestBackwardWarp | None) -> Labels | None:
        """Warp the previous ids to this frame; UNLABELLED where a pixel was not visible."""
        if warp is None or self._last_ids is None:
            return None
        warped = self._last_ids[warp.rows, warp.columns]
        return np.where(warp.visible, warped, UNLABELLED).astype(np.uint16)

    def _switch_targets(
        self, transitions: IdTransitions, area: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the new id of each id switch."""
        is_other = transitions.warped_ids[:, None] != transitions.current_ids[None]
        is_majority = transitions.is_majority_of_warped & transitions.is_majority_of_current
        min_warped = MIN_VISIBLE_RATIO * self._last_area[transitions.warped_ids]
        min_current = MIN_VISIBLE_RATIO * area[transitions.current_ids]
        is_visible = (transitions.warped_areas >= min_warped)[:, None] & (
            transitions.current_areas >= min_current
        )[None]
        _, targets = np.nonzero(is_other & is_majority & is_visible)
        return transitions.current_ids[targets]

    def _moved_ids(self, transitions: IdTransitions) -> NDArray[np.int64]:
        """Return the current ids that left their object."""
        is_same = transitions.warped_ids[:, None] == transitions.current_ids[None]
        is_kept = is_same & (transitions.is_majority_of_warped | transitions.is_majority_of_current)
        min_warped = MIN_VISIBLE_RATIO * self._last_area[transitions.warped_ids]
        is_visible = transitions.warped_areas >= min_warped
        is_moved = is_same & is_visible[:, None] & ~is_kept
        return transitions.current_ids[is_moved.any(axis=0)]


def count_transitions(warped: Labels, labels: Labels, visible: NDArray[np.bool_]) -> IdTransitions:
    """Count the overlap of warped and current ids.

    Args:
        warped: (H, W) uint16, ids of the previous frames, warped to this one.
        labels: (H, W) uint16, ids of this frame.
        visible: (H, W) bool, pixels whose surface both frames show.
    """
    is_labelled = visible & (warped != UNLABELLED) & (labels != UNLABELLED)
    before, now, counts = contingency_table(warped[is_labelled], labels[is_labelled])
    was_object, is_object = before != BACKGROUND, now != BACKGROUND
    return IdTransitions(
        overlap=counts[np.ix_(was_object, is_object)],
        warped_ids=before[was_object],
        current_ids=now[is_object],
        warped_areas=counts.sum(1)[was_object],
        current_areas=counts.sum(0)[is_object],
    )


def _keep_lost_ids(labels: Labels, warped: Labels | None, area: NDArray[np.int64]) -> Labels:
    """Fill pixels without an object by the warped ids of objects that the frame has lost."""
    if warped is None:
        return labels
    is_lost = (area == 0)[warped] & (warped != BACKGROUND) & (warped != UNLABELLED)
    is_empty = (labels == BACKGROUND) | (labels == UNLABELLED)
    return np.where(is_empty & is_lost, warped, labels)
