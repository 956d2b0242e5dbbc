"""What objects stand on and before: table tops, walls, floors."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config import CutOptions
from scenerep_ros.geometry import Plane, find_planes
from scenerep_ros.segmentation.depth_edges import REACH
from scenerep_ros.segmentation.depth_view import DepthView, neighbours
from scenerep_ros.segmentation.pieces import areas, keep_pieces

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

SMALL, LARGE = np.ones((3, 3), np.uint8), np.ones((7, 7), np.uint8)
LEAST_SHARE = 0.03
"""Of the known pixels that a plane must explain to be looked at."""
DOMINANT_SHARE = 0.15
"""Of the known pixels that make the largest plane background, however small it is in metres."""
MOSTLY = 0.7
"""Share of its pixels on a plane's extension from which a piece is a part of that plane."""
FLAT = 2.0
"""Times plane_distance up to which a piece can still be a plane that is bent by the lens."""


def find_background(view: DepthView, options: CutOptions) -> tuple[Mask, Mask]:
    """Find the planes that are no object's face: the dominant one, and all that are too large.

    A plane is endless, and on its way through the scene it cuts through objects. So a pixel
    belongs to it only if the surface around it has the plane's slope too, or if it is near such
    pixels.

    Returns:
        (H, W) bool: the pixels of these planes; and those which are near one's endless extension.
    """
    background, flat = np.zeros(view.w.shape, bool), np.zeros(view.w.shape, bool)
    slopes = _slopes(view.smooth)
    planes = find_planes(view.w, view.rays, options.plane_distance, LEAST_SHARE)
    for rank, plane in enumerate(planes):
        offset = np.abs(plane.elevation(view.w, view.rays))
        close = offset < options.plane_distance
        parallel = close & ~background & _parallel(plane, slopes, view, options.plane_distance)
        if _area(parallel, view, plane) > options.plane_area or (
            rank == 0 and close.sum() > DOMINANT_SHARE * view.known.sum()
        ):
            core = cv2.morphologyEx(parallel.astype(np.uint8), cv2.MORPH_OPEN, SMALL)
            background |= close & (cv2.dilate(core, LARGE) > 0)
            flat |= offset < FLAT * options.plane_distance
    return background, flat


def standing(pieces: Labels, flat: Mask, min_share: float) -> Labels:
    """Drop pieces that are too small, or no more than a ripple of a background plane.

    Args:
        pieces: (H, W) int32, 0..K.
        flat: (H, W) bool, near a background plane's endless extension.
        min_share: smallest piece, as a share of the image.
    """
    size = areas(pieces)
    on_plane = np.bincount(pieces[flat], minlength=len(size))
    return keep_pieces(pieces, (size >= min_share * pieces.size) & (on_plane < MOSTLY * size))


def _slopes(w: Floats) -> tuple[Floats, Floats]:
    """Change of inverse depth along u and v over twice the REACH."""
    right, left = neighbours(w, 0, REACH)
    below, above = neighbours(w, REACH, 0)
    return right - left, below - above


def _parallel(
    plane: Plane, slopes: tuple[Floats, Floats], view: DepthView, tolerance: float
) -> Mask:
    along_u = plane.gradient @ (view.rays[0, 1] - view.rays[0, 0]) * (2 * REACH)
    along_v = plane.gradient @ (view.rays[1, 0] - view.rays[0, 0]) * (2 * REACH)
    return (np.abs(slopes[0] - along_u) < tolerance) & (np.abs(slopes[1] - along_v) < tolerance)


def _area(mask: Mask, view: DepthView, plane: Plane) -> float:
    """Of a plane's pixels, m^2, without thin stripes.

    A plane n.x = d is seen under the angle n.r = d w, so a pixel covers size z^2 / (d w) of it.
    """
    wide = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, LARGE) > 0
    return float(np.sum(view.w[wide] ** -3)) * view.pixel_size / plane.distance
