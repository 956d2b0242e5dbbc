"""Temporal filter of label images: hysteresis with a confirmation time.

The segmentation of single frames merges and splits objects that are near its thresholds. The filter
therefore warps its labels from frame to frame and changes them only after a number of consecutive
frames disagreed, and only in favor of an object that was detected as often. It is the confirmation
and deletion of tracks in multiple target tracking (Blackman and Popoli, "Design and analysis of
modern tracking systems", 1999), applied to the part of an object that a frame assigns to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import UNLABELLED
from scenerep_ros.ops.working_grid import working_grid_step
from scenerep_ros.tracking.warping import BackwardWarp, working_grid_slices

Labels = NDArray[np.uint16]
Counts = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

MAX_COUNT = 250  # constant: fits 8 bits
"""Largest number of disagreeing frames that is counted: counts are 8 bit numbers."""


@dataclass(frozen=True)
class TemporalFilterConstants:
    """Tuned constants of the temporal filter."""

    border_tolerance_px: int = tuned(
        2,
        "distance by which the border of an object moves without confirmation",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded; the rule was evaluated on TUM fr1_rpy",
    )
    min_region_width_px: int = tuned(
        3,
        "width below which a region of disagreement is a strip along a border",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded; the rule was evaluated on TUM fr1_rpy",
    )
    min_border_frames: int = tuned(
        2,
        "number of consecutive frames after which a border moves, unless the surface changed",
        unit="frames",
        set_on="argument: the second frame confirms the first; evaluated on TUM fr1_rpy",
    )
    disocclusion_divisor: int = tuned(
        2,
        "part of the confirmation frames that a disoccluded pixel starts with as disagreements",
        set_on="not recorded; the rule was evaluated on TUM fr1_rpy",
    )
    min_changed_ratio: float = tuned(
        0.5,
        "ratio of pixels of a transition that show another surface, above which it is accepted",
        set_on="argument: the majority",
    )


CONSTANTS = TemporalFilterConstants()


class LabelHysteresis:
    """Filtered labels on the working grid, and for how many frames each was disagreed with."""

    def __init__(self) -> None:
        self._labels = np.empty((0, 0), np.uint16)
        self._disagreement_count = np.empty((0, 0), np.uint8)

    def update(
        self,
        frame_labels: Labels,
        warp: BackwardWarp | None,
        is_tracked: Mask,
        is_confirmed: Mask,
        confirmation_frames: int,
        inferred: Mask | None = None,
    ) -> Labels:
        """Filter the labels of the next frame.

        Args:
            frame_labels: (H, W) uint16, object ids by this frame alone.
            warp: from this frame to the previous one; None replaces all filtered labels.
            is_tracked: (65536,) bool, labels in use; all others are replaced at once.
            is_confirmed: (65536,) bool, labels that may replace another confirmed label.
            confirmation_frames: number of consecutive frames with another label, after which that
                label replaces the current one.
            inferred: (H, W) bool, pixels with inferred labels, which do not count as disagreement;
                None for no pixel.

        Returns:
            (H, W) uint16, `frame_labels` except in pixels that keep their previous label.
        """
        observed = np.ascontiguousarray(frame_labels[working_grid_slices(frame_labels.shape)])
        if warp is None:
            self._labels = observed
            self._disagreement_count = np.zeros(observed.shape, np.uint8)
            return frame_labels
        frames = min(confirmation_frames, MAX_COUNT)
        labels, counts = self._warp_state(warp)
        # Examine only the pixels whose labels differ, which are few.
        conflict = _find_conflict(labels, observed, counts, inferred, frame_labels.shape)
        is_accepted = _accept(conflict, warp.changed, is_confirmed, frames)
        self._disagreement_count = _update_counts(
            counts.shape, conflict, is_accepted, warp.disoccluded, frames
        )
        # Replace accepted, disoccluded and unused labels.
        is_replaced = is_accepted | ~is_tracked[conflict.current]
        is_replaced |= warp.disoccluded.take(conflict.pixels)
        labels.put(conflict.pixels[is_replaced], conflict.proposed[is_replaced])
        # Follow the frame where only a border moved.
        is_kept = conflict.is_labelled & ~is_replaced
        kept = conflict.pixels[is_kept]
        is_border = _is_moved_border(labels, observed, kept)
        is_border &= _is_settled(conflict, warp.changed)[is_kept]
        labels.put(kept[is_border], observed.take(kept[is_border]))
        self._labels = labels
        return _overwrite(frame_labels, labels, kept[~is_border])

    def _warp_state(self, warp: BackwardWarp) -> tuple[Labels, Counts]:
        """Labels and disagreement counts at this frame's pixels."""
        labels, counts = (
            cv2.remap(image, warp.u, warp.v, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            for image in (self._labels, self._disagreement_count)
        )
        return np.asarray(labels, np.uint16), np.asarray(counts, np.uint8)


class _Conflict(NamedTuple):
    """Working-grid pixels whose filtered label differs from the frame's.

    Attributes:
        pixels: (n,) flat indices.
        current: (n,) filtered labels.
        proposed: (n,) labels of the frame, which may be UNLABELLED.
        counts: (n,) numbers of consecutive disagreements, with this frame.
        is_labelled: (n,) whether the frame has a label.
        is_counted: (n,) whether the frame counts as disagreement: its label is not inferred.
    """

    pixels: Indices
    current: Labels
    proposed: Labels
    counts: Counts
    is_labelled: Mask
    is_counted: Mask


def _find_conflict(
    labels: Labels,
    observed: Labels,
    counts: Counts,
    inferred: Mask | None,
    shape: tuple[int, ...],
) -> _Conflict:
    """Collect the pixels whose labels differ, and count this frame's disagreement."""
    pixels = np.flatnonzero(labels != observed)
    current, proposed, counts = labels.take(pixels), observed.take(pixels), counts.take(pixels)
    is_labelled = is_counted = proposed != UNLABELLED
    if inferred is not None:
        on_grid = np.ascontiguousarray(inferred[working_grid_slices((shape[0], shape[1]))])
        is_counted = is_labelled & ~on_grid.take(pixels)
    counts[is_counted] = np.minimum(counts[is_counted], MAX_COUNT - 1) + 1
    return _Conflict(pixels, current, proposed, counts, is_labelled, is_counted)


def _accept(
    conflict: _Conflict, changed: Mask | None, is_confirmed: Mask, confirmation_frames: int
) -> Mask:
    """Mark the pixels (n,) whose label the frame replaces.

    Pixels with the same transition between two labels change together: pixel by pixel, an object
    would fray. They change once they have disagreed for long enough on average, or if most of them
    show another surface.
    """
    # Group the pixels by their transition.
    transition = conflict.current.astype(np.uint32) << 16 | conflict.proposed
    transitions = np.unique(transition)
    group = np.searchsorted(transitions, transition)  # faster than np.unique's return_inverse
    sizes = np.maximum(np.bincount(group, conflict.is_counted), 1)
    current, proposed = transitions >> 16, transitions & UNLABELLED
    # Accept transitions that persist, if they may replace a label, and those of other surfaces.
    mean_count = np.bincount(group, conflict.counts * conflict.is_counted) / sizes
    is_accepted = mean_count >= confirmation_frames
    is_accepted &= is_confirmed[proposed] | ~is_confirmed[current]
    if changed is not None:
        is_changed = changed.take(conflict.pixels) & conflict.is_counted
        is_accepted |= np.bincount(group, is_changed) / sizes > CONSTANTS.min_changed_ratio
    return conflict.is_labelled & is_accepted[group]


def _update_counts(
    shape: tuple[int, ...],
    conflict: _Conflict,
    is_accepted: Mask,
    is_disoccluded: Mask,
    confirmation_frames: int,
) -> Counts:
    """Disagreement counts (h, w); agreement and acceptance reset them."""
    counts = np.zeros(shape, np.uint8)
    counts.put(conflict.pixels, np.where(is_accepted, 0, conflict.counts))
    counts[is_disoccluded] = confirmation_frames // CONSTANTS.disocclusion_divisor
    return counts


def _is_settled(conflict: _Conflict, changed: Mask | None) -> Mask:
    """Mark the pixels (n,) whose border may move: it was there before, or the surface changed.

    Borders of single frames jitter by a pixel or two. Inferred labels are not counted, and follow.
    """
    is_settled = (conflict.counts >= CONSTANTS.min_border_frames) | ~conflict.is_counted
    return is_settled if changed is None else is_settled | changed.take(conflict.pixels)


def _is_moved_border(labels: Labels, observed: Labels, pixels: Indices) -> Mask:
    """Mark the pixels (n,) in a thin strip of disagreement beside the object that is observed there.

    There only a border moved, and the frame has the right one. Elsewhere, a thin strip is the rim
    of a change that is not confirmed.
    """
    is_border = _thin_parts(labels != observed).take(pixels)
    is_border[is_border] = _is_beside_observed(labels, observed, pixels[is_border])
    return is_border


def _thin_parts(mask: Mask) -> Mask:
    """Parts of a mask that a morphological opening removes."""
    size = CONSTANTS.min_region_width_px
    kernel = np.ones((size, size), np.uint8)
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    return mask & ~(opened > 0)


def _is_beside_observed(labels: Labels, observed: Labels, pixels: Indices) -> Mask:
    """Mark the pixels (n,) whose observed label is the filtered label of a pixel nearby."""
    radius = CONSTANTS.border_tolerance_px
    padded = np.pad(labels, radius, mode="edge")
    v, u = np.divmod(pixels, labels.shape[1])
    # Gather the square window (side * side, n) around each pixel.
    side = np.arange(2 * radius + 1)
    window = (side[:, None] * padded.shape[1] + side).reshape(-1, 1)
    neighbors = padded.take(window + v * padded.shape[1] + u)
    return (neighbors == observed.take(pixels)).any(axis=0)


def _overwrite(frame_labels: Labels, labels: Labels, pixels: Indices) -> Labels:
    """Write filtered labels at working-grid pixels (n,) into a copy of the frame's labels (H, W).

    All other pixels keep the frame's labels, whose borders are finer.
    """
    is_kept = np.zeros(labels.shape, np.uint8)
    is_kept.put(pixels, 1)
    result = frame_labels.copy()
    cv2.copyTo(
        _upsample_nearest(labels, frame_labels), _upsample_nearest(is_kept, frame_labels), result
    )
    return result


def _upsample_nearest(grid: NDArray[Any], image: Labels) -> NDArray[Any]:
    """Repeat working-grid pixels to the size of an image; the last ones extend to its edge."""
    step = working_grid_step(image.shape)
    rows, columns = (
        np.minimum(np.arange(length) // step, count - 1)
        for length, count in zip(image.shape, grid.shape, strict=True)
    )
    return grid.take(columns, axis=1).take(rows, axis=0)
