"""What objects stand on and before: table tops, walls, floors."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.options import DepthOptions
from scenerep_ros.geometry import Plane, find_planes, plane_fit_residual
from scenerep_ros.geometry.discontinuities import CONSTANTS as BOUNDARY
from scenerep_ros.geometry.inverse_depth import InverseDepthImage, shifted_neighbors
from scenerep_ros.ops.regions import filter_labels, region_areas, sample_regions

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

SMALL, LARGE, AROUND = (np.ones((size, size), np.uint8) for size in (3, 7, 17))
LEAST_SHARE = 0.03
"""Of the known pixels that a plane must explain to be looked at."""
DOMINANT_SHARE = 0.15
"""Of the known pixels that make the largest plane background, however small it is in metres."""
MOSTLY = 0.7
"""Share of its pixels on a plane's extension from which a piece is a part of that plane."""
FLAT = 2.0
"""Times its tolerance up to which a piece can still be a plane that is bent by the lens."""
SPARSE = 4
"""Every so many rows and columns are enough to see what lies behind a plane."""
BEHIND = 0.02
"""Share of the known pixels behind a plane up to which it bounds the scene: walls and floors do, and
faces of objects do not, since what carries or surrounds an object lies behind each of them."""
RECESS_AREA = 0.03
"""Of a plane that lies behind what surrounds it, from which it is background, m^2."""
RECESSED = 3.0
"""Times as much of what surrounds such a plane that is before it as behind it: the back of a shelf
and the bottom of a box have that, a screen or a book does not."""
USUAL_ROUGHNESS = 0.0016
"""Of flat surfaces in Kinect depth, metres at 1 m: 0.0012 to 0.0018 in the Object Segmentation
Database, TUM fr1_rpy and the rendered scenes. Tolerances are meant for it, and grow with it."""
LENGTH = (98.0, 2.0)
"""Percentiles of a piece's points between which its length is measured."""
BUMP = 0.004
"""Height of bumps that calibration and interpolation leave in a plane however near it is, metres."""


def find_background(view: InverseDepthImage, options: DepthOptions) -> tuple[Mask, Mask]:
    """Find the planes that are no object's face.

    They are the dominant one, those that are too large, those that bound the scene, and those that
    lie behind what surrounds them.

    A plane is endless, and on its way through the scene it cuts through objects. So a pixel
    belongs to it only if the surface around it has the plane's slope too, or if it is near such
    pixels.

    Returns:
        (H, W) bool: the pixels of these planes; and those which are near one's endless extension.
    """
    background, flat = np.zeros(view.values.shape, bool), np.zeros(view.values.shape, bool)
    slopes = _slopes(view.smoothed)
    distance = options.plane_distance * max(
        1.0, plane_fit_residual(view.values, view.rays) / USUAL_ROUGHNESS
    )
    for rank, plane in enumerate(find_planes(view.values, view.rays, distance, LEAST_SHARE)):
        tolerance = np.fmax(distance, BUMP * view.values / plane.distance)
        elevation = plane.residual(view.values, view.rays)
        close = np.abs(elevation) < tolerance
        parallel = close & ~background & _parallel(plane, slopes, view, tolerance)
        area = _area(parallel, view, plane)
        if (
            area > options.plane_area
            or (rank == 0 and close.sum() > DOMINANT_SHARE * view.valid.sum())
            or _bounding(elevation[::SPARSE, ::SPARSE], tolerance[::SPARSE, ::SPARSE])
            or (area > RECESS_AREA and _recessed(parallel, elevation, FLAT * tolerance))
        ):
            core = cv2.morphologyEx(parallel.astype(np.uint8), cv2.MORPH_OPEN, SMALL)
            background |= close & (cv2.dilate(core, LARGE) > 0)
            flat |= np.abs(elevation) < FLAT * tolerance
    return background, flat


def standing(pieces: Labels, flat: Mask, min_share: float) -> Labels:
    """Drop pieces that are too small, or no more than a ripple of a background plane.

    Args:
        pieces: (H, W) int32, 0..K.
        flat: (H, W) bool, near a background plane's endless extension.
        min_share: smallest piece, as a share of the image.
    """
    size = region_areas(pieces)
    on_plane = np.bincount(pieces[flat], minlength=len(size))
    return filter_labels(pieces, (size >= min_share * pieces.size) & (on_plane < MOSTLY * size))


def furniture(pieces: Labels, view: InverseDepthImage, max_size: float) -> Mask:
    """Find pieces that reach too far to be things: shelves, frames, the front of a table.

    Args:
        pieces: (H, W) int32, 0..K.
        view: of the depth.
        max_size: longest thing, metres.

    Returns:
        (K + 1,) bool.
    """
    rays, w = view.rays.reshape(-1, 3), view.values.ravel()
    large = [
        label > 0 and _length(rays[pixels] / w[pixels, None]) > max_size
        for label, pixels in enumerate(sample_regions(pieces))
    ]
    return np.array(large)


def _length(points: Floats) -> float:
    """Of points (N, 3) along the line on which they vary most, without stray ones."""
    centred = points - points.mean(axis=0)
    along = centred @ np.linalg.eigh(centred.T @ centred)[1][:, -1]
    return float(np.subtract(*np.percentile(along, LENGTH)))


def _slopes(w: Floats) -> tuple[Floats, Floats]:
    """Change of inverse depth along u and v over twice the BOUNDARY.half_chord_px."""
    right, left = shifted_neighbors(w, 0, BOUNDARY.half_chord_px)
    below, above = shifted_neighbors(w, BOUNDARY.half_chord_px, 0)
    return right - left, below - above


def _parallel(
    plane: Plane, slopes: tuple[Floats, Floats], view: InverseDepthImage, tolerance: Floats
) -> Mask:
    along_u = plane.gradient @ (view.rays[0, 1] - view.rays[0, 0]) * (2 * BOUNDARY.half_chord_px)
    along_v = plane.gradient @ (view.rays[1, 0] - view.rays[0, 0]) * (2 * BOUNDARY.half_chord_px)
    return (np.abs(slopes[0] - along_u) < tolerance) & (np.abs(slopes[1] - along_v) < tolerance)


def _bounding(elevation: Floats, tolerance: Floats) -> bool:
    """Whether nothing lies behind a plane."""
    behind = (elevation < -FLAT * tolerance).sum()
    return bool(behind < BEHIND * np.isfinite(elevation).sum())


def _recessed(plane: Mask, elevation: Floats, tolerance: Floats) -> bool:
    """Whether a plane's pixels are seen between nearer things, as the bottom of a box is."""
    wide = cv2.morphologyEx(plane.astype(np.uint8), cv2.MORPH_OPEN, LARGE)
    around = cv2.dilate(wide, AROUND) > 0
    before, behind = (around & (side > tolerance) for side in (elevation, -elevation))
    return bool(before.sum() > RECESSED * behind.sum())


def _area(mask: Mask, view: InverseDepthImage, plane: Plane) -> float:
    """Of a plane's pixels, m^2, without thin stripes.

    A plane n.x = d is seen under the angle n.r = d w, so a pixel covers size z^2 / (d w) of it.
    """
    wide = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, LARGE) > 0
    return float(np.sum(view.values[wide] ** -3)) * view.pixel_area / plane.distance
