"""Bilinear interpolation of planes on the feature grid to image resolution."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray


def upsample_scores(
    planes: NDArray[np.float32], shape: tuple[int, ...], step: int = 1
) -> NDArray[np.float32]:
    """Interpolate planes at every step-th pixel of an image, bilinear between the patch centers.

    The interpolation is linear along each axis and therefore two matrix products.

    Args:
        planes: (K, h, w) float32.
        shape: height and width of the image [px].
        step: distance of the interpolated pixels, both ways [px].

    Returns:
        (K, H / step, W / step) float32; sides are rounded up.
    """
    vertical, horizontal = (
        interpolation_weights(patches, pixels, step)
        for patches, pixels in zip(planes.shape[1:], shape, strict=True)
    )
    return vertical @ (planes @ horizontal.T)


@lru_cache(maxsize=16)
def interpolation_weights(count: int, length: int, step: int) -> NDArray[np.float32]:
    """Build the matrix (length / step, count) that interpolates `count` patches to a line of pixels.

    Args:
        count: number of patches.
        length: length of the line [px].
        step: distance of the interpolated pixels [px].

    Returns:
        (length / step, count) float32, read-only, as it is cached.
    """
    # Interpolate the unit vectors.
    interpolated = cv2.resize(
        np.eye(count, dtype=np.float32), (length, count), interpolation=cv2.INTER_LINEAR
    )
    weights = np.ascontiguousarray(interpolated[:, ::step].T, np.float32)
    weights.setflags(write=False)
    return weights
