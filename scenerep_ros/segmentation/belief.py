"""A partition that changes only when several frames in a row say so.

The cut of a single frame merges and splits things that lie on the edge of its thresholds. What was
believed of each cell is therefore carried along with the picture, and a cell goes over to another
object only after it was contradicted in a number of consecutive frames, by an object that has been
seen as often: the confirmation of births and deaths in multiple target tracking (Blackman and
Popoli, "Design and analysis of modern tracking systems", 1999), for each cell.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import UNLABELLED
from scenerep_ros.segmentation.places import Places, cell_size, every_cell

Labels = NDArray[np.uint16]
Mask = NDArray[np.bool_]

LONGEST = 250
"""Frames of contradiction that are counted."""


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
            patience: consecutive frames of contradiction after which a cell goes over.

        Returns:
            (H, W), `named` except in cells that belief keeps from going over.
        """
        seen = np.ascontiguousarray(named[every_cell(named.shape)])
        if places is None:
            self._labels, self._doubt = seen, np.zeros(seen.shape, np.uint8)
            return named
        believed, doubt = self._carried(places)
        differs = believed != seen
        doubt[differs] = np.minimum(doubt[differs], LONGEST - 1) + 1
        convinced = differs & (doubt >= patience) & (confirmed[seen] | ~confirmed[believed])
        doubt[convinced | ~differs] = 0
        doubt[places.new] = patience // 2
        kept = differs & ~convinced & ~places.new & known[believed] & (seen != UNLABELLED)
        self._labels, self._doubt = np.where(_opened(kept), believed, seen), doubt
        return _paint(self._labels, seen, named)

    def _carried(self, places: Places) -> tuple[Labels, NDArray[np.uint8]]:
        """Labels and doubts at this frame's cells."""
        labels, doubt = (
            cv2.remap(cells, places.u, places.v, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            for cells in (self._labels, self._doubt)
        )
        return np.asarray(labels, np.uint16), np.asarray(doubt, np.uint8)


def _opened(mask: Mask) -> Mask:
    """Drop what is thinner than three cells: there, only a border moved, and the frame's is right."""
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0


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
