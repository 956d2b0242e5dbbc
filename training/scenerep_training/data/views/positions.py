"""Positions in images, and sampling of images at positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.float32]
"""(..., 2) positions: u, v in a frame [px], pixel centers at integers; or x, y in a view, 0 at its left
and upper edge, 1 at the others. NaN marks an unknown position."""


def pixel_grid(shape: tuple[int, int]) -> Positions:
    """Return the positions (H, W, 2) of all pixels of a frame of H x W pixels."""
    height, width = shape
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.stack([u, v], axis=-1)


def sample_nearest(image: NDArray, positions: Positions) -> NDArray:
    """Sample an image at the nearest pixels.

    Args:
        image: (H, W) image of any dtype.
        positions: (..., 2) positions u, v [px]. Positions outside of the image get the value of the
            nearest pixel, NaN positions an arbitrary value.

    Returns:
        (...) values of the image's dtype.
    """
    height, width = image.shape
    column, row = _nearest(positions[..., 0], width), _nearest(positions[..., 1], height)
    return image.ravel()[row * width + column]


def _nearest(position: NDArray[np.float32], count: int) -> NDArray[np.int32]:
    return np.nan_to_num(np.rint(position)).clip(0, count - 1).astype(np.int32)
