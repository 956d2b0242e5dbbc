"""Color model of the background that votes for and against objects.

Optical flow loses fast objects and cannot label disoccluded pixels. Both show in comparison with a
background image that is warped along the background's motion: a pixel that deviates from it is
foreground, and a disoccluded pixel that agrees with it is background. This is background
subtraction for a moving camera, as in Hayman and Eklundh, "Statistical Background Subtraction for a
Mobile Observer" (ICCV 2003), with the color differences of background and objects estimated anew in
every frame.

Color is ambiguous: an object may resemble what is behind it, water changes, shadows move. Reliable
labels of optical flow are therefore not contradicted.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.label_propagation.likelihood_ratio import log_likelihood_ratios
from scenerep_training.evaluation.label_propagation.motion_vote import (
    Homography,
    apply_homography,
    pixel_positions,
)

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

BIN_EDGES = (2.0 ** np.arange(0, 6, 0.5)).astype(np.float32)
"""Edges of the histogram bins of color differences in CIELAB."""
MAX_PARALLAX_PX = 2
"""Displacement both ways by which a color may deviate from the background's motion."""
UNKNOWN_DIFFERENCE = 1e3
"""Difference from an unknown color."""


class BackgroundModel:
    """Image of the background, warped into the view of the newest frame.

    Args:
        color: (h, w, 3) float32, CIELAB, the first frame.
        background: (h, w) bool, background pixels of the first frame.
    """

    def __init__(self, color: Plane, background: Mask) -> None:
        self._color = color
        self._coverage = background.astype(np.float32)

    def warp(self, motion: Homography | None) -> None:
        """Warp the background image to the next frame.

        Args:
            motion: from positions in the next frame to those in the last one; None clears the
                model.
        """
        if motion is None:
            self._coverage = np.zeros_like(self._coverage)
            return
        u, v = np.moveaxis(apply_homography(pixel_positions(self._coverage.shape), motion), -1, 0)
        self._color = _sample(self._color, u, v)
        self._coverage = _sample(self._coverage, u, v)

    def vote(self, color: Plane, planes: Plane, reliability: Plane, candidates: Mask) -> Plane:
        """Compute the log likelihood ratio of each object against the background by color.

        Args:
            color: (h, w, 3) float32, CIELAB.
            planes: (h, w, K + 1) float32, labels warped by optical flow, background first.
            reliability: (h, w) float32 in 0..1, of the flow.
            candidates: (h, w) bool, pixels that objects may occupy.

        Returns:
            (h, w, K) float32, 0 where the background is unknown or the flow is reliable.
        """
        is_known = self._coverage > 0.9
        bins = np.digitize(self._color_difference(color, is_known), BIN_EDGES)
        # Estimate the ratios from the pixels whose background is known.
        background = planes[..., 0] * is_known * candidates
        objects = planes[..., 1:] * is_known[..., None]
        ratios = log_likelihood_ratios(bins, background, objects, len(BIN_EDGES) + 1)
        # Suppress votes that contradict a reliable label.
        contradicted = np.where(ratios > 0, planes[..., :1], planes[..., 1:])
        return ratios * (1 - reliability[..., None] * contradicted) * is_known[..., None]

    def update(self, color: Plane, background: Mask) -> None:
        """Replace the model by the frame's color at the frame's background pixels."""
        self._color = np.where(background[..., None], color, self._color)
        self._coverage = np.where(background, np.float32(1), self._coverage)

    def _color_difference(self, color: Plane, is_known: Mask) -> Plane:
        """(h, w), difference from the most similar known color within MAX_PARALLAX_PX."""
        height, width = is_known.shape
        borders = (MAX_PARALLAX_PX,) * 4
        colors = cv2.copyMakeBorder(self._color, *borders, cv2.BORDER_REPLICATE)
        known = cv2.copyMakeBorder(is_known.astype(np.uint8), *borders, cv2.BORDER_CONSTANT)
        minimum = np.full(is_known.shape, UNKNOWN_DIFFERENCE, np.float32)
        for v, u in np.ndindex(2 * MAX_PARALLAX_PX + 1, 2 * MAX_PARALLAX_PX + 1):
            window = np.s_[v : v + height, u : u + width]
            difference = np.linalg.norm(color - colors[window], axis=-1)
            minimum = np.minimum(minimum, np.where(known[window], difference, UNKNOWN_DIFFERENCE))
        return minimum


def _sample(plane: Plane, u: Plane, v: Plane) -> Plane:
    """Sample a plane bilinearly at positions u, v; 0 beyond the border."""
    u, v = np.ascontiguousarray(u), np.ascontiguousarray(v)
    sampled = cv2.remap(plane, u, v, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT)
    return np.asarray(sampled, np.float32)
