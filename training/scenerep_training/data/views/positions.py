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
    """Values (...) of an image (H, W) at the pixels nearest to positions (..., 2), u and v.

    Positions outside of the image have the nearest pixel's value, those that are NaN any.
    """
    height, width = image.shape
    column, row = _nearest(positions[..., 0], width), _nearest(positions[..., 1], height)
    return image.ravel()[row * width + column]


def _nearest(position: NDArray[np.float32], count: int) -> NDArray[np.int32]:
    return np.nan_to_num(np.rint(position)).clip(0, count - 1).astype(np.int32)
