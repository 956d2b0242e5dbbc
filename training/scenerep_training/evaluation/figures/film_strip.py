"""A few moments of a video in one picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOMENTS = 3
"""The first frame, the middle and the last one."""
GAP = 8
"""Pixels of white between two moments."""


class FilmStrip:
    """Keeps the pictures of some frames, evenly spread, and no others.

    Args:
        length: number of frames; of those that are never shown, nothing is kept.
    """

    def __init__(self, length: int) -> None:
        self._moments = set(np.linspace(0, length - 1, MOMENTS).round().astype(int).tolist())
        self._pictures: list[NDArray[np.uint8]] = []

    def wants(self, index: int) -> bool:
        """Whether a frame is one of the moments."""
        return index in self._moments

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Put the next picture, (H, W, 3) uint8, on the strip."""
        self._pictures.append(picture)

    def picture(self) -> NDArray[np.uint8] | None:
        """All moments side by side; None where there was none."""
        if not self._pictures:
            return None
        gap = np.full((self._pictures[0].shape[0], GAP, 3), 255, np.uint8)
        parts = [part for picture in self._pictures for part in (gap, picture)]
        return np.hstack(parts[1:])
