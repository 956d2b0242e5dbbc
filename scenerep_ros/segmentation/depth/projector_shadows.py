"""Holes in depth that the projector of a structured-light sensor does not reach."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.geometry.inverse_depth import InverseDepthImage

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

BASELINE = 0.075
"""Between projector and camera of a Kinect, metres; of other structured-light sensors, at most."""
SLACK = 1.3
"""Times its computed width up to which a hole is a shadow: borders waver."""
FRAY = 2
"""Pixels at either side of a hole whose depth is not to be trusted."""


def fill_shadows(
    labels: Labels, decided: Mask, view: InverseDepthImage, gap: float
) -> tuple[Labels, Mask]:
    """Give shadows to what they fall on.

    A near thing throws a shadow of baseline * focal length * (1 / z_near - 1 / z_far) pixels along
    the row on what is behind it. A hole as narrow as that, between two depths, shows the far one;
    a wider one is dark, shiny or clear itself, and stays open.

    Args:
        labels: (H, W) int32.
        decided: (H, W) bool, where labels are known.
        view: of the depth.
        gap: smallest step in depth that throws a shadow, metres at 1 m.

    Returns:
        labels and decided, with the shadows.
    """
    columns, last = np.arange(labels.shape[1], dtype=np.int32), labels.shape[1] - 1
    known = view.valid
    left = np.maximum.accumulate(np.where(known, columns, np.int32(-1)), axis=1)
    beyond = np.where(known, columns, np.int32(last + 1))
    right = np.minimum.accumulate(beyond[:, ::-1], axis=1)[:, ::-1]
    between = ~known & ~decided & (left >= 0) & (right <= last)
    v, u = np.divmod(np.flatnonzero(between), last + 1)
    width = right[v, u] - left[v, u] - 1
    before, after = np.maximum(left[v, u] - FRAY, 0), np.minimum(right[v, u] + FRAY, last)
    step = view.values[v, after] - view.values[v, before]
    expected = BASELINE / (view.rays[0, 1, 0] - view.rays[0, 0, 0]) * np.abs(step)
    far = np.where(step > 0, before, after)
    shadow = (np.abs(step) > gap) & (width < SLACK * expected + 2 * FRAY) & decided[v, far]
    v, u, far = v[shadow], u[shadow], far[shadow]
    labels, decided = labels.copy(), decided.copy()
    labels[v, u] = labels[v, far]
    decided[v, u] = True
    return labels, decided
