"""Frames of a video side by side in one picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRAME_COUNT = 3
"""The first, the middle and the last frame."""
GAP_PX = 8
"""Width of the white gap between two frames."""


class FilmStrip:
    """Collects pictures of a few evenly spaced frames.

    Args:
        length: number of frames of the video.
    """

    def __init__(self, length: int) -> None:
        indices = np.linspace(0, length - 1, FRAME_COUNT).round().astype(int)
        self._selected = set(indices.tolist())
        self._pictures: list[NDArray[np.uint8]] = []

    def is_selected(self, index: int) -> bool:
        """Return True if the strip shows a frame."""
        return index in self._selected

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Append the next picture, (H, W, 3) uint8."""
        self._pictures.append(picture)

    def picture(self) -> NDArray[np.uint8] | None:
        """Return all pictures side by side; None without any."""
        if not self._pictures:
            return None
        gap = np.full((self._pictures[0].shape[0], GAP_PX, 3), 255, np.uint8)
        parts = [part for picture in self._pictures for part in (gap, picture)]
        return np.hstack(parts[1:])
