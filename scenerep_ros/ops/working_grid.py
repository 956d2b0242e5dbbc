"""Conversion between the image and the working grid, on which geometry runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned

Value = TypeVar("Value", np.int32, np.bool_)


@dataclass(frozen=True)
class WorkingGridConstants:
    """Tuned constants of the working grid."""

    column_count: int = tuned(
        320,
        "approximate number of columns of the working grid",
        set_on="argument: a Kinect resolves no more, and 640 columns take four times as long",
    )


CONSTANTS = WorkingGridConstants()


def working_grid_step(shape: tuple[int, int]) -> int:
    """Return the image pixels from one row or column of the working grid to the next.

    It is at most the shorter side, so that every image has a pixel at half a step.

    Args:
        shape: height and width of the image [px].

    >>> working_grid_step((480, 640)), working_grid_step((240, 320)), working_grid_step((2, 2000))
    (2, 1, 2)
    """
    return min(max(1, round(shape[1] / CONSTANTS.column_count)), *shape)


def upsample_nearest(labels: NDArray[Value], shape: tuple[int, int]) -> NDArray[Value]:
    """Repeat labels or a mask of the working grid to image size.

    Args:
        labels: (h, w) on the working grid of the image.
        shape: height and width of the image [px].
    """
    step = working_grid_step(shape)
    # Repeated columns are copied row by row, which takes less time than repeating them in each row.
    repeated = np.repeat(np.repeat(labels, step, axis=1), step, axis=0)
    return np.ascontiguousarray(repeated[: shape[0], : shape[1]])
