"""Projector shadows: holes in the depth of structured-light sensors beside near objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry.inverse_depth import InverseDepthImage

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class ProjectorShadowConstants:
    """Tuned constants of projector shadows."""

    baseline_m: float = tuned(
        0.075,
        "distance between projector and camera",
        unit="m",
        set_on="Kinect; the largest of the structured-light sensors",
    )
    max_width_ratio: float = tuned(
        1.3,
        "ratio of a hole's width to the computed width up to which it is a shadow",
        set_on="not recorded",
    )
    margin_px: int = tuned(
        2,
        "pixels on either side of a hole whose depth is unreliable",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )


CONSTANTS = ProjectorShadowConstants()


def label_projector_shadows(
    labels: Labels, is_labelled: Mask, view: InverseDepthImage, min_step: float
) -> tuple[Labels, Mask]:
    """Label projector shadows like the surface that they fall on.

    A near object casts a shadow of baseline * focal length * (1 / z_near - 1 / z_far) pixels along
    the row. A hole of at most this width between two depths shows the far surface; a wider hole is
    dark, reflecting or transparent itself and stays unlabelled.

    Args:
        labels: (H, W) int32.
        is_labelled: (H, W) bool, pixels whose label is known.
        view: inverse depth.
        min_step: smallest step in inverse depth that casts a shadow [1/m].

    Returns:
        Labels and mask with the shadows.
    """
    last = labels.shape[1] - 1
    # Find the nearest measured pixels to the left and to the right of each hole.
    v, u, left, right = _pixels_of_holes(view.valid)
    is_candidate = ~is_labelled[v, u] & (left >= 0) & (right <= last)
    v, u, left, right = (array[is_candidate] for array in (v, u, left, right))
    width = right - left - 1
    # Compute the width of a shadow from the step in inverse depth between both sides.
    before = np.maximum(left - CONSTANTS.margin_px, 0)
    after = np.minimum(right + CONSTANTS.margin_px, last)
    step = view.values[v, after] - view.values[v, before]
    tangent_per_px = view.rays[0, 1, 0] - view.rays[0, 0, 0]
    shadow_width = CONSTANTS.baseline_m / tangent_per_px * np.abs(step)
    max_width = CONSTANTS.max_width_ratio * shadow_width + 2 * CONSTANTS.margin_px
    # Copy the label of the far side.
    far = np.where(step > 0, before, after)
    is_shadow = (np.abs(step) > min_step) & (width < max_width) & is_labelled[v, far]
    v, u, far = v[is_shadow], u[is_shadow], far[is_shadow]
    labels, is_labelled = labels.copy(), is_labelled.copy()
    labels[v, u] = labels[v, far]
    is_labelled[v, u] = True
    return labels, is_labelled


def _pixels_of_holes(valid: Mask) -> tuple[Indices, Indices, Indices, Indices]:
    """List the n pixels without a measurement in a mask (H, W), row by row.

    Returns:
        Row, column, and columns of the nearest measured pixels in the row to the left and to the
        right, (n,) each; -1 and W where there is none.
    """
    # Find the first column of each hole, and the column behind its last one.
    is_edge = np.diff(np.pad(~valid, ((0, 0), (1, 1))), axis=1)
    row, column = np.divmod(np.flatnonzero(is_edge), is_edge.shape[1])
    start, stop = column[::2], column[1::2]
    length = stop - start
    hole = np.repeat(np.arange(len(start)), length)
    rank = np.arange(len(hole)) - (np.cumsum(length) - length)[hole]
    return row[::2][hole], start[hole] + rank, start[hole] - 1, stop[hole]
