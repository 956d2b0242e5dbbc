"""What the background looked like where it was last seen: a vote by colour.

Flow loses what moves fast, and knows nothing of what an object hid. Both show against a picture of
the background that its own motion carries along: what departs from it is in front of it, and what
comes into sight as it was before is background. This is background subtraction for a moving
camera, as in Hayman and Eklundh, "Statistical Background Subtraction for a Mobile Observer" (ICCV
2003), but how far colours of background and objects depart is counted anew in every frame.

Colours deceive: an object may look like what is behind it, water changes, shadows move. So a label
that flow brought, and can be trusted to, is not contradicted.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.figures.histograms import log_ratios
from scenerep_training.evaluation.label_propagation.motion_vote import (
    Homography,
    places,
    transformed,
)

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

EDGES = (2.0 ** np.arange(0, 6, 0.5)).astype(np.float32)
"""Differences of colour, in CIELAB, between which they are counted as one."""
TOLERANCE = 2
"""Pixels both ways within which a colour may have moved against the background's motion."""
NOTHING = 1e3
"""Difference from a colour that is not known."""


class BackgroundMemory:
    """A picture of the background, as the last frame's camera would see it.

    Args:
        color: (h, w, 3) float32, CIELAB, the first frame.
        background: (h, w) bool, what is to be remembered of it.
    """

    def __init__(self, color: Plane, background: Mask) -> None:
        self._color = color
        self._known = background.astype(np.float32)

    def move(self, motion: Homography | None) -> None:
        """Turn to the next frame.

        Args:
            motion: from its places to those of the last one; None forgets all.
        """
        if motion is None:
            self._known = np.zeros_like(self._known)
            return
        u, v = np.moveaxis(transformed(places(self._known.shape), motion), -1, 0)
        self._color = _read(self._color, u, v)
        self._known = _read(self._known, u, v)

    def vote(self, color: Plane, planes: Plane, trust: Plane, near: Mask) -> Plane:
        """Log likelihood ratio of each object against the background by colour.

        Args:
            color: (h, w, 3) float32, CIELAB.
            planes: (h, w, K + 1) float32, labels where flow puts them, the background first.
            trust: (h, w) float32 in 0..1, of flow.
            near: (h, w) bool, where background competes with objects.

        Returns:
            (h, w, K) float32, 0 where the background is not known or flow knows better.
        """
        known = self._known > 0.9
        bins = np.digitize(self._difference(color, known), EDGES)
        background = planes[..., 0] * known * near
        objects = planes[..., 1:] * known[..., None]
        ratios = log_ratios(bins, background, objects, len(EDGES) + 1)
        contradicted = np.where(ratios > 0, planes[..., :1], planes[..., 1:])
        return ratios * (1 - trust[..., None] * contradicted) * known[..., None]

    def learn(self, color: Plane, background: Mask) -> None:
        """Remember what is background in this frame, in place of what was known there."""
        self._color = np.where(background[..., None], color, self._color)
        self._known = np.where(background, np.float32(1), self._known)

    def _difference(self, color: Plane, known: Mask) -> Plane:
        """(h, w), from the most similar colour known nearby."""
        height, width = known.shape
        widths = (TOLERANCE,) * 4
        colors = cv2.copyMakeBorder(self._color, *widths, cv2.BORDER_REPLICATE)
        inside = cv2.copyMakeBorder(known.astype(np.uint8), *widths, cv2.BORDER_CONSTANT)
        least = np.full(known.shape, NOTHING, np.float32)
        for v, u in np.ndindex(2 * TOLERANCE + 1, 2 * TOLERANCE + 1):
            part = np.s_[v : v + height, u : u + width]
            difference = np.linalg.norm(color - colors[part], axis=-1)
            least = np.minimum(least, np.where(inside[part], difference, NOTHING))
        return least


def _read(plane: Plane, u: Plane, v: Plane) -> Plane:
    """Values at these places, 0 beyond the border."""
    u, v = np.ascontiguousarray(u), np.ascontiguousarray(v)
    read = cv2.remap(plane, u, v, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT)
    return np.asarray(read, np.float32)
