"""Between the image and the coarser grid that the cut works on."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", np.int32, np.bool_)

WIDTH = 320
"""Columns that the cut works with: a Kinect resolves no more, and from 640 it is four times as fast."""


def coarse_step(shape: tuple[int, int]) -> int:
    """Pixels of an image (height, width) from one column of the coarse grid to the next."""
    return max(1, round(shape[1] / WIDTH))


def widened(labels: NDArray[Value], shape: tuple[int, int]) -> NDArray[Value]:
    """Bring labels or a mask of the coarse grid back to the image's size."""
    step = coarse_step(shape)
    wide = np.repeat(np.repeat(labels, step, axis=0), step, axis=1)
    return np.ascontiguousarray(wide[: shape[0], : shape[1]])
