"""A partition that changes only when several frames in a row say so.

The cut of a single frame merges and splits things that lie on the edge of its thresholds. What was
believed of each cell is therefore carried along with the picture, and cells go over to another
object only after they were contradicted in a number of consecutive frames, by an object that has
been seen as often: the confirmation of births and deaths in multiple target tracking (Blackman and
Popoli, "Design and analysis of modern tracking systems", 1999), for the part of one object that
the frame gives to another one.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import UNLABELLED
from scenerep_ros.segmentation.places import Places, cell_size, every_cell

Labels = NDArray[np.uint16]
Doubt = NDArray[np.uint8]
Mask = NDArray[np.bool_]

LONGEST = 250
"""Frames of contradiction that are counted."""
BORDER = 2
"""Cells by which a border moves without being doubted."""


class Belief:
    """Remembers what each cell of the picture shows, and for how long it was contradicted."""

    def __init__(self) -> None:
        self._labels = np.empty((0, 0), np.uint16)
        self._doubt = np.empty((0, 0), np.uint8)

    def __call__(
        self, named: Labels, places: Places | None, known: Mask, confirmed: Mask, patience: int
    ) -> Labels:
        """Reconcile the next frame with what is believed.

        Args:
            named: (H, W), the ids that this frame alone gives its pixels.
            places: where its cells were in the last one; None if nobody knows.
            known: (65536,), whether a label still stands for something, else it is given up.
            confirmed: (65536,), whether a label may take over from one that is confirmed, too.
            patience: consecutive frames of contradiction after which cells go over.

        Returns:
            (H, W), `named` except in cells that belief keeps from going over.
        """
        seen = np.ascontiguousarray(named[every_cell(named.shape)])
        if places is None:
            self._labels, self._doubt = seen, np.zeros(seen.shape, np.uint8)
            return named
        patience, unlabelled = min(patience, LONGEST), seen == UNLABELLED
        believed, doubt = self._carried(places)
        differs = (believed != seen) & ~unlabelled
        doubt[differs] = np.minimum(doubt[differs], LONGEST - 1) + 1
        lasts = _shared_doubt(doubt, believed, seen, differs) >= patience
        convinced = differs & lasts & (confirmed[seen] | ~confirmed[believed])
        doubt[convinced | (believed == seen)] = 0
        doubt[places.new] = patience // 2
        labels = np.where(convinced | places.new | ~known[believed], seen, believed)
        moved = _thin(labels != seen) & _beside(labels, seen) & ~unlabelled
        self._labels, self._doubt = np.where(moved, seen, labels), doubt
        return _paint(np.where(unlabelled, seen, self._labels), seen, named)

    def _carried(self, places: Places) -> tuple[Labels, Doubt]:
        """Labels and doubts at this frame's cells."""
        labels, doubt = (
            cv2.remap(cells, places.u, places.v, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            for cells in (self._labels, self._doubt)
        )
        return np.asarray(labels, np.uint16), np.asarray(doubt, np.uint8)


def _shared_doubt(
    doubt: Doubt, believed: Labels, seen: Labels, differs: Mask
) -> NDArray[np.float32]:
    """Mean of the doubts (h, w) of all cells that would go from the same object to the same other.

    They go over together: cell by cell, an object would fray. 0 where nothing is contradicted.
    """
    passage = believed[differs].astype(np.int64) * (UNLABELLED + 1) + seen[differs]
    _, group = np.unique(passage, return_inverse=True)
    mean = np.bincount(group, doubt[differs]) / np.bincount(group)
    shared = np.zeros(doubt.shape, np.float32)
    shared[differs] = mean[group]
    return shared


def _thin(mask: Mask) -> Mask:
    """Parts of a mask that are thinner than three cells."""
    wide = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    return mask & ~wide


def _beside(labels: Labels, seen: Labels) -> Mask:
    """Where what is seen of a cell (h, w) is believed of one that is near.

    There, only a border moved, and the frame's is right. Elsewhere a thin strip is the rim of a
    change that is not believed.
    """
    height, width = labels.shape
    padded = np.pad(labels, BORDER, mode="edge")
    shifts = itertools.product(range(2 * BORDER + 1), repeat=2)
    near = [padded[v : v + height, u : u + width] == seen for v, u in shifts]
    return np.logical_or.reduce(near)


def _paint(believed: Labels, seen: Labels, named: Labels) -> Labels:
    """Fill the cells in which belief and frame differ; elsewhere the frame's borders are finer."""
    step = cell_size(named.shape)
    height, width = named.shape
    wide = [
        np.repeat(np.repeat(cells, step, axis=0), step, axis=1)
        for cells in (believed, believed != seen)
    ]
    labels, differs = (np.pad(w, ((0, step), (0, step)), "edge")[:height, :width] for w in wide)
    return np.where(differs, labels, named)
