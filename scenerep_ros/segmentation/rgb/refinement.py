"""Refinement where depth is missing: objects from features alone, borders from color."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import BACKGROUND, UNLABELLED

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class RefinementConstants:
    """Tuned constants of the refinement where depth is missing."""

    min_unlabelled_ratio: float = tuned(
        0.7,
        "ratio of an object's pixels that depth must leave unlabelled for it to be added",
        set_on="not recorded",
    )
    max_overlap_ratio: float = tuned(
        0.1,
        "ratio of an object's pixels that may belong to objects from depth for it to be added",
        set_on="not recorded",
    )
    border_margin_px: int = tuned(
        9,
        "largest distance by which a border between labels moves; most of a patch",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )


CONSTANTS = RefinementConstants()


def add_objects_without_depth(
    labels: Labels, depth_labels: Labels, is_labelled: Mask, candidates: Labels, min_area_px: int
) -> None:
    """Add objects that were segmented without depth, in place, where depth is missing.

    Args:
        labels: (H, W) int32, 0..K or UNLABELLED, to which the objects are added.
        depth_labels: (H, W) int32, the objects from depth, 0 = none.
        is_labelled: (H, W) bool, pixels whose label depth has determined.
        candidates: (H, W) int32, 1..N, the objects without depth, 0 = none.
        min_area_px: area of the smallest added object [px].
    """
    is_free = ~is_labelled & ((labels == BACKGROUND) | (labels == UNLABELLED))
    is_depth_object = is_labelled & (depth_labels > 0)
    next_label = int(labels[labels != UNLABELLED].max(initial=0)) + 1
    for candidate in np.setdiff1d(candidates, BACKGROUND):
        mask = candidates == candidate
        added = mask & is_free
        unlabelled_ratio = (~is_labelled[mask]).mean()
        overlap_ratio = is_depth_object[mask].mean()
        if (
            unlabelled_ratio > CONSTANTS.min_unlabelled_ratio
            and overlap_ratio < CONSTANTS.max_overlap_ratio
            and added.sum() >= min_area_px
        ):
            labels[added] = next_label
            next_label += 1


def refine_borders_by_color(labels: Labels, is_labelled: Mask, color: NDArray[np.uint8]) -> Labels:
    """Move the borders of propagated labels to color edges.

    Meyer's watershed ("Color image segmentation", 1992) is flooded from the pixels whose label is
    final and from the interior of all labels.

    Args:
        labels: (H, W) int32, 0..K or UNLABELLED.
        is_labelled: (H, W) bool, pixels whose label is final.
        color: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) int32.
    """
    if is_labelled.all():
        return labels
    # A pixel is in the interior of a label if the window around it has no other label.
    size = 2 * CONSTANTS.border_margin_px + 1
    window = np.ones((size, size), np.uint8)
    labels_16bit = labels.astype(np.uint16)
    is_interior = cv2.erode(labels_16bit, window) == cv2.dilate(labels_16bit, window)
    # The watershed takes 0 for unknown and returns -1 at the borders.
    markers = np.where(is_labelled | is_interior, labels + 1, 0)
    cv2.watershed(np.ascontiguousarray(color), markers)
    return np.where(is_labelled | (markers <= 0), labels, markers - 1)
