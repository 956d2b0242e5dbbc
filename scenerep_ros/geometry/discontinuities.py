"""Boundaries of surfaces in a depth image: depth discontinuities and concave creases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry.inverse_depth import shifted_neighbors

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

CHORD_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))  # constant: directions of the 8-neighborhood
"""Steps v, u of the chords: along rows, columns and both diagonals."""


@dataclass(frozen=True)
class DiscontinuityConstants:
    """Tuned constants of surface boundaries."""

    half_chord_px: int = tuned(
        4,
        "half the length of the chords that measure concavity and slope",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )


CONSTANTS = DiscontinuityConstants()


def depth_discontinuities(inverse_depth: Floats, threshold: float) -> Mask:
    """Find the pixels on both sides of a step in depth.

    The height of a step is the difference between two neighbours minus the slope of the surface on
    its flatter side, so that slanted surfaces have no steps.

    Args:
        inverse_depth: (H, W) float32 [1/m], NaN without a measurement.
        threshold: smallest step in inverse depth [1/m].

    Returns:
        (H, W) bool.
    """
    edges = np.zeros(inverse_depth.shape, bool)
    for dv, du in ((0, 1), (1, 0)):
        # Subtract the slope on either side from the difference to the next pixel.
        step = shifted_neighbors(inverse_depth, dv, du)[0] - inverse_depth
        next_step, previous_step = shifted_neighbors(step, dv, du)
        excess = np.fmin(np.abs(step - previous_step), np.abs(step - next_step))
        # A step at the border of the measurements has no slope beside it and counts in full.
        is_step = (np.abs(step) > threshold) & ~(excess < threshold)
        # Mark both pixels of the step.
        edges |= is_step
        edges[dv:, du:] |= is_step[: is_step.shape[0] - dv, : is_step.shape[1] - du]
    return edges


def concavity(inverse_depth: Floats) -> Floats:
    """Measure the distance of the surface behind the chords between its neighbours.

    Straight lines in space are straight in (u, v, 1 / z) too, so no 3D points are needed.

    Args:
        inverse_depth: (H, W) float32 [1/m], smoothed; NaN without a measurement.

    Returns:
        (H, W) float32 inverse depth [1/m], the maximum over the chord directions; negative where
        the surface is convex along all of them; NaN where no chord has both ends.
    """
    result = np.full(inverse_depth.shape, np.nan, np.float32)
    for dv, du in CHORD_DIRECTIONS:
        ahead, behind = shifted_neighbors(
            inverse_depth, CONSTANTS.half_chord_px * dv, CONSTANTS.half_chord_px * du
        )
        result = np.fmax(result, (ahead + behind) / 2 - inverse_depth)
    return result
