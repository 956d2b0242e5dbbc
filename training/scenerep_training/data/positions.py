"""Positions in images, whole and fractional, and what is there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.float32]
"""(..., 2): u, v in pixels of a frame, centres at integers; or x, y in a view, 0 at its left and upper
edge, 1 at the others. NaN = nowhere."""


def pixel_grid(shape: tuple[int, int]) -> Positions:
    """Positions (H, W, 2) of all pixels of a frame of H x W pixels."""
    height, width = shape
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.stack([u, v], axis=-1)


def sample(image: NDArray, positions: Positions) -> NDArray:
    """Values (...) of an image (H, W) at the pixels nearest to positions (..., 2), u and v."""
    u, v = np.moveaxis(np.rint(positions).astype(np.intp), -1, 0)
    height, width = image.shape
    return image[v.clip(0, height - 1), u.clip(0, width - 1)]
