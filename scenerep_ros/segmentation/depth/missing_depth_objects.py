"""Things that a depth camera is blind to: compact holes in a surface that look unlike it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.ops.regions import binary_opening, connected_regions, filter_small_regions

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

MARGIN = 5
"""Width in pixels of what is looked at around a hole."""
COMPACT = 0.8
"""Share of its convex hull that a thing fills."""
ON_SURFACE = 0.6
"""Share of what is around a thing that is background."""
UNLIKE = 25.0
"""Distance in CIELAB between a thing's mean colour and that of the surface around it. The phone on
the rendered table has 45; holes in walls and tables in eight frames of TUM fr1_rpy and 7-Scenes
have up to 14, but for a dark bin with 38."""


def blind_spots(holes: Mask, surface: Mask, color: NDArray[np.uint8], min_area: float) -> Labels:
    """Number the holes that are things, 1..K; dark and mirroring ones that lie flat.

    Args:
        holes: (H, W) bool, where there is no depth, and no shadow.
        surface: (H, W) bool, background.
        color: (H, W, 3) uint8 RGB.
        min_area: smallest thing, as a share of the image.
    """
    spots = filter_small_regions(connected_regions(binary_opening(holes)), min_area)
    things = np.zeros_like(spots)
    for spot in range(1, int(spots.max()) + 1):
        window = _window(spots == spot)
        if _cropped(window, spots.shape):
            continue
        inside = spots[window] == spot
        if _is_thing(inside, surface[window], color[window]):
            things[window][inside] = things.max() + 1
    return things


def _window(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns of a mask's bounding box with a MARGIN, which may start before 0."""
    u, v, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return slice(v - MARGIN, v + height + MARGIN), slice(u - MARGIN, u + width + MARGIN)


def _cropped(window: tuple[slice, slice], shape: tuple[int, ...]) -> bool:
    """Whether a window goes over the image's border, so that not all around it is seen."""
    return any(w.start < 0 or w.stop > size for w, size in zip(window, shape, strict=True))


def _is_thing(inside: Mask, surface: Mask, color: NDArray[np.uint8]) -> bool:
    mask = inside.astype(np.uint8)
    reach = np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)
    ring = (cv2.dilate(mask, reach) > 0) & ~inside
    around = ring & surface
    if around.sum() < ON_SURFACE * ring.sum():
        return False
    hull = np.zeros_like(mask)
    cv2.fillConvexPoly(hull, cv2.convexHull(cv2.findNonZero(mask)), 1)
    lab = cv2.cvtColor(color.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    unlike = np.linalg.norm(lab[inside].mean(axis=0) - lab[around].mean(axis=0))
    return bool(unlike > UNLIKE and inside.sum() > COMPACT * hull.sum())
