"""A partition that changes only when several frames in a row say so.

The cut of a single frame merges and splits things that lie on the edge of its thresholds. What was
believed of each cell is therefore carried along with the picture, and cells go over to another
object only after they were contradicted in a number of consecutive frames, by an object that has
been seen as often: the confirmation of births and deaths in multiple target tracking (Blackman and
Popoli, "Design and analysis of modern tracking systems", 1999), for the part of one object that
the frame gives to another one.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import UNLABELLED
from scenerep_ros.tracking.warping import Places, cell_size, every_cell

Labels = NDArray[np.uint16]
Doubt = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

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
        self,
        named: Labels,
        places: Places | None,
        known: Mask,
        confirmed: Mask,
        patience: int,
        guessed: Mask | None = None,
    ) -> Labels:
        """Reconcile the next frame with what is believed.

        Args:
            named: (H, W), the ids that this frame alone gives its pixels.
            places: where its cells were in the last one; None if nobody knows.
            known: (65536,), whether a label still stands for something, else it is given up.
            confirmed: (65536,), whether a label may take over from one that is confirmed, too.
            patience: consecutive frames of contradiction after which cells go over.
            guessed: (H, W), where `named` is no more than a guess, which contradicts nothing; None
                for nowhere.

        Returns:
            (H, W), `named` except in cells that belief keeps from going over.
        """
        seen = np.ascontiguousarray(named[every_cell(named.shape)])
        if places is None:
            self._labels, self._doubt = seen, np.zeros(seen.shape, np.uint8)
            return named
        believed, doubt = self._carried(places)
        new, patience = places.new, min(patience, LONGEST)
        # They agree nearly everywhere, so only the cells in which they do not are looked at.
        at = np.flatnonzero(believed != seen)
        was, now, doubts = believed.take(at), seen.take(at), doubt.take(at)
        labelled = now != UNLABELLED
        contradicted = labelled & ~_taken(guessed, at, named.shape)
        doubts[contradicted] = np.minimum(doubts[contradicted], LONGEST - 1) + 1
        lasts = _shared_doubt(doubts, was, now, contradicted) >= patience
        convinced = labelled & lasts & (confirmed[now] | ~confirmed[was])
        self._doubt = np.zeros_like(doubt)
        self._doubt.put(at, np.where(convinced, 0, doubts))
        self._doubt[new] = patience // 2
        over = convinced | new.take(at) | ~known[was]
        believed.put(at[over], now[over])
        kept = at[labelled & ~over]
        moved = _border_moved(believed, seen, kept)
        believed.put(kept[moved], seen.take(kept[moved]))
        self._labels = believed
        return _paint(believed, kept[~moved], named)

    def _carried(self, places: Places) -> tuple[Labels, Doubt]:
        """Labels and doubts at this frame's cells."""
        labels, doubt = (
            cv2.remap(cells, places.u, places.v, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            for cells in (self._labels, self._doubt)
        )
        return np.asarray(labels, np.uint16), np.asarray(doubt, np.uint8)


def _taken(mask: Mask | None, cells: Indices, shape: tuple[int, int]) -> Mask:
    """Values of a mask of an image (H, W) at some of its cells (n,)."""
    if mask is None:
        return np.zeros(len(cells), np.bool_)
    return np.ascontiguousarray(mask[every_cell(shape)]).take(cells)


def _shared_doubt(
    doubts: Doubt, was: Labels, now: Labels, contradicted: Mask
) -> NDArray[np.float64]:
    """Mean of the doubts (n,) of all cells that would go from the same object to the same other.

    They go over together: cell by cell, an object would fray. Only contradicted ones are asked.
    """
    passage = was.astype(np.int64) * (UNLABELLED + 1) + now
    group = np.searchsorted(np.unique(passage), passage)  # numpy's return_inverse is slower
    asked = np.maximum(np.bincount(group, contradicted), 1)
    return (np.bincount(group, doubts * contradicted) / asked)[group]


def _border_moved(believed: Labels, seen: Labels, cells: Indices) -> Mask:
    """Which of the cells (n,) are in a thin strip of difference beside what is seen there.

    There, only a border moved, and the frame's is right. Elsewhere a thin strip is the rim of a
    change that is not believed.
    """
    moved = _thin(believed != seen).take(cells)
    moved[moved] = _beside(believed, seen, cells[moved])
    return moved


def _thin(mask: Mask) -> Mask:
    """Parts of a mask that are thinner than three cells."""
    wide = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    return mask & ~wide


def _beside(believed: Labels, seen: Labels, cells: Indices) -> Mask:
    """Whether what is seen of each cell (n,) is believed of one that is near."""
    padded = np.pad(believed, BORDER, mode="edge")
    v, u = np.divmod(cells, believed.shape[1])
    side = np.arange(2 * BORDER + 1)
    window = (side[:, None] * padded.shape[1] + side).reshape(-1, 1)
    near = padded.take(window + v * padded.shape[1] + u)
    return (near == seen.take(cells)).any(axis=0)


def _paint(believed: Labels, kept: Indices, named: Labels) -> Labels:
    """Fill the cells (n,) in which belief is kept; elsewhere the frame's borders are finer."""
    differs = np.zeros(believed.shape, np.uint8)
    differs.put(kept, 1)
    step, labels = cell_size(named.shape), named.copy()
    cv2.copyTo(_enlarged(believed, step, named), _enlarged(differs, step, named), labels)
    return labels


def _enlarged(cells: NDArray[Any], step: int, image: Labels) -> NDArray[Any]:
    """Give each pixel of an image its cell's value; what is left at the edge belongs to the last."""
    rows, columns = (
        np.minimum(np.arange(pixels) // step, count - 1)
        for pixels, count in zip(image.shape, cells.shape, strict=True)
    )
    return cells.take(columns, axis=1).take(rows, axis=0)
