"""What depth does not see: objects there by their look alone, and borders that follow colour."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

OUT_OF_SIGHT = 0.7
"""Share of a thing that depth must say nothing of, for the thing to be judged by its look."""
KNOWN_THING = 0.1
"""Share of a thing that depth may call an object already."""
MARGIN = 9
"""Pixels, most of a cell of features, from another label up to which a border may move."""


def add_unseen(labels: Labels, objects: Labels, decided: Mask, things: Labels, least: int) -> None:
    """Add, in place, things that lie where depth says nothing.

    Args:
        labels: (H, W) int32, 0..K or UNLABELLED.
        objects: (H, W) int32, the objects that depth found, 0 = none.
        decided: (H, W) bool, where depth says something.
        things: (H, W) int32, 1.., objects by their look alone, 0 = none.
        least: smallest object, pixels.
    """
    free = ~decided & ((labels == BACKGROUND) | (labels == UNLABELLED))
    fresh = int(labels[labels != UNLABELLED].max(initial=0)) + 1
    for thing in np.setdiff1d(things, BACKGROUND):
        mask = things == thing
        added = mask & free
        unseen, known = (~decided[mask]).mean(), (decided & (objects > 0))[mask].mean()
        if unseen > OUT_OF_SIGHT and known < KNOWN_THING and added.sum() >= least:
            labels[added] = fresh
            fresh += 1


def follow_color(labels: Labels, decided: Mask, color: NDArray[np.uint8]) -> Labels:
    """Move borders between labels that features drew, cell by cell, to edges of colour.

    Meyer's watershed ("Color image segmentation", 1992), flooded from what depth decided and from
    what lies inside of a label.

    Args:
        labels: (H, W) int32, 0..K or UNLABELLED.
        decided: (H, W) bool, where labels are final.
        color: (H, W, 3) uint8.
    """
    if decided.all():
        return labels
    reach = np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)
    named = labels.astype(np.uint16)
    inside = cv2.erode(named, reach) == cv2.dilate(named, reach)
    seeds = np.where(decided | inside, labels + 1, 0)
    cv2.watershed(np.ascontiguousarray(color), seeds)
    return np.where(decided | (seeds <= 0), labels, seeds - 1)
