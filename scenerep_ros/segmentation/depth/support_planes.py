"""Structure and support surfaces: table tops, walls and floors in the depth image."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.config.options import DepthOptions
from scenerep_ros.geometry import Plane, find_planes, plane_fit_residual
from scenerep_ros.geometry.discontinuities import CONSTANTS as BOUNDARY
from scenerep_ros.geometry.inverse_depth import InverseDepthImage, shifted_neighbors
from scenerep_ros.ops.regions import filter_labels, region_areas, sample_regions

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class SupportPlaneConstants:
    """Tuned constants of support planes."""

    min_inlier_ratio: float = tuned(
        0.03, "ratio of the pixels with depth that a plane must explain", set_on="not recorded"
    )
    min_dominant_ratio: float = tuned(
        0.15,
        "ratio of the pixels with depth from which the largest plane is background, whatever its "
        "area",
        set_on="not recorded",
    )
    max_on_plane_ratio: float = tuned(
        0.7,
        "ratio of a region's pixels near a background plane from which it belongs to the plane",
        set_on="not recorded",
    )
    near_tolerance_ratio: float = tuned(
        2.0,
        "ratio to the plane tolerance up to which a pixel is near a plane that the lens bends",
        set_on="not recorded",
    )
    sampling_step: int = tuned(
        4,
        "distance between the pixels that are searched behind a plane",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )
    max_behind_ratio: float = tuned(
        0.02,
        "ratio of the pixels with depth behind a plane up to which it bounds the scene",
        set_on="argument: walls and floors have nothing behind them; behind the face of an object "
        "is what carries or surrounds it",
    )
    min_recess_area_m2: float = tuned(
        0.03,
        "area from which a plane behind its surroundings is background",
        unit="m^2",
        set_on="not recorded",
    )
    min_recess_ratio: float = tuned(
        3.0,
        "ratio of the surroundings in front of a recessed plane to those behind it",
        set_on="argument: the back of a shelf and the bottom of a box exceed it, a screen or a book "
        "does not",
    )
    reference_residual: float = tuned(
        0.0016,
        "residual of flat surfaces for which tolerances are meant; they grow with it",
        unit="1/m",
        set_on="Object Segmentation Database, TUM fr1_rpy and rendered scenes: 0.0012 to 0.0018",
    )
    min_length_percentile: float = tuned(
        2.0, "percentile of a region's points at which its length starts", set_on="not recorded"
    )
    max_length_percentile: float = tuned(
        98.0, "percentile of a region's points at which its length ends", set_on="not recorded"
    )
    bump_height_m: float = tuned(
        0.004,
        "height of bumps in a plane that calibration and interpolation leave at any distance",
        unit="m",
        set_on="not recorded",
    )
    opening_size_px: int = tuned(
        3,
        "side of the kernel of the opening of a plane's pixels",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )
    dilation_size_px: int = tuned(
        7,
        "side of the kernel that grows a plane to its border, and of the opening that removes stripes",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )
    surroundings_size_px: int = tuned(
        17,
        "side of the kernel that selects the surroundings of a plane",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )


CONSTANTS = SupportPlaneConstants()


def segment_support_planes(view: InverseDepthImage, options: DepthOptions) -> tuple[Mask, Mask]:
    """Segment the planes of structure and support surfaces.

    These are the dominant plane, those with a large area, those that bound the scene, and those that
    lie behind their surroundings. The extension of a plane cuts through objects. A pixel therefore
    belongs to it only if the surface around the pixel has the plane's slope too, or if it is near
    such pixels.

    Args:
        view: inverse depth.
        options: tolerances.

    Returns:
        (H, W) bool, pixels of these planes, and (H, W) bool, pixels near the extension of one.
    """
    is_background = np.zeros(view.values.shape, bool)
    is_near_plane = np.zeros(view.values.shape, bool)
    slopes = _slopes(view.smoothed)
    # Adapt the tolerance to the noise of the sensor.
    noise_ratio = plane_fit_residual(view.values, view.rays) / CONSTANTS.reference_residual
    distance = options.plane_distance * max(1.0, noise_ratio)
    planes = find_planes(view.values, view.rays, distance, CONSTANTS.min_inlier_ratio)
    for rank, plane in enumerate(planes):
        # Find the pixels of the plane.
        tolerance = np.fmax(distance, CONSTANTS.bump_height_m * view.values / plane.distance)
        residual = plane.residual(view.values, view.rays)
        is_close = np.abs(residual) < tolerance
        is_on_plane = is_close & ~is_background & _is_parallel(plane, slopes, view, tolerance)
        # Add them to the background if the plane is no face of an object.
        min_dominant_count = CONSTANTS.min_dominant_ratio * view.valid.sum()
        is_dominant = rank == 0 and is_close.sum() > min_dominant_count
        if is_dominant or _is_background(is_on_plane, residual, tolerance, view, plane, options):
            core = cv2.morphologyEx(
                is_on_plane.astype(np.uint8), cv2.MORPH_OPEN, _kernel(CONSTANTS.opening_size_px)
            )
            is_background |= is_close & (cv2.dilate(core, _kernel(CONSTANTS.dilation_size_px)) > 0)
            is_near_plane |= np.abs(residual) < CONSTANTS.near_tolerance_ratio * tolerance
    return is_background, is_near_plane


def filter_protruding_regions(regions: Labels, is_near_plane: Mask, min_area: float) -> Labels:
    """Remove regions that are small, or do not protrude from the background planes.

    Args:
        regions: (H, W) int32, 0..K.
        is_near_plane: (H, W) bool, pixels near the extension of a background plane.
        min_area: area of the smallest region, as a ratio of the image.
    """
    area = region_areas(regions)
    near_plane_area = np.bincount(regions[is_near_plane], minlength=len(area))
    is_large = area >= min_area * regions.size
    is_protruding = near_plane_area < CONSTANTS.max_on_plane_ratio * area
    return filter_labels(regions, is_large & is_protruding)


def find_oversized_regions(regions: Labels, view: InverseDepthImage, max_size: float) -> Mask:
    """Find regions that are too long for an object: shelves, frames, the front of a table.

    Args:
        regions: (H, W) int32, 0..K.
        view: inverse depth.
        max_size: length of the longest object [m].

    Returns:
        (K + 1,) bool.
    """
    rays, w = view.rays.reshape(-1, 3), view.values.ravel()
    is_oversized = [
        label > 0 and _length(rays[pixels] / w[pixels, None]) > max_size
        for label, pixels in enumerate(sample_regions(regions))
    ]
    return np.array(is_oversized)


def _kernel(size: int) -> NDArray[np.uint8]:
    return np.ones((size, size), np.uint8)


def _length(points: Floats) -> float:
    """Measure points (N, 3) along their first principal axis, without outliers [m]."""
    centered = points - points.mean(axis=0)
    along = centered @ np.linalg.eigh(centered.T @ centered)[1][:, -1]
    # Interpolate the percentiles, in a tenth of the time of numpy's function.
    percentiles = np.array([CONSTANTS.min_length_percentile, CONSTANTS.max_length_percentile])
    ranks = np.arange(len(along))
    low, high = np.interp(percentiles / 100 * ranks[-1], ranks, np.sort(along))
    return float(high - low)


def _slopes(w: Floats) -> tuple[Floats, Floats]:
    """Compute the change of inverse depth along u and v over twice the half chord."""
    right, left = shifted_neighbors(w, 0, BOUNDARY.half_chord_px)
    below, above = shifted_neighbors(w, BOUNDARY.half_chord_px, 0)
    return right - left, below - above


def _is_parallel(
    plane: Plane, slopes: tuple[Floats, Floats], view: InverseDepthImage, tolerance: Floats
) -> Mask:
    """Find the pixels (H, W) where the surface has the slope of a plane."""
    along_u = plane.gradient @ (view.rays[0, 1] - view.rays[0, 0]) * (2 * BOUNDARY.half_chord_px)
    along_v = plane.gradient @ (view.rays[1, 0] - view.rays[0, 0]) * (2 * BOUNDARY.half_chord_px)
    return (np.abs(slopes[0] - along_u) < tolerance) & (np.abs(slopes[1] - along_v) < tolerance)


def _is_background(
    is_on_plane: Mask,
    residual: Floats,
    tolerance: Floats,
    view: InverseDepthImage,
    plane: Plane,
    options: DepthOptions,
) -> bool:
    """Return True if a plane is large, bounds the scene, or lies behind its surroundings."""
    area = _area(is_on_plane, view, plane)
    if area > options.plane_area:
        return True
    sample = np.s_[:: CONSTANTS.sampling_step, :: CONSTANTS.sampling_step]
    if _bounds_scene(residual[sample], tolerance[sample]):
        return True
    near_tolerance = CONSTANTS.near_tolerance_ratio * tolerance
    is_large = area > CONSTANTS.min_recess_area_m2
    return is_large and _is_recessed(is_on_plane, residual, near_tolerance)


def _bounds_scene(residual: Floats, tolerance: Floats) -> bool:
    """Return True if almost nothing lies behind a plane."""
    behind_count = (residual < -CONSTANTS.near_tolerance_ratio * tolerance).sum()
    return bool(behind_count < CONSTANTS.max_behind_ratio * np.isfinite(residual).sum())


def _is_recessed(is_on_plane: Mask, residual: Floats, tolerance: Floats) -> bool:
    """Return True if a plane lies behind its surroundings, like the bottom of a box."""
    kernel = _kernel(CONSTANTS.dilation_size_px)
    opened = cv2.morphologyEx(is_on_plane.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    surroundings = cv2.dilate(opened, _kernel(CONSTANTS.surroundings_size_px)) > 0
    in_front, behind = (surroundings & (side > tolerance) for side in (residual, -residual))
    return bool(in_front.sum() > CONSTANTS.min_recess_ratio * behind.sum())


def _area(is_on_plane: Mask, view: InverseDepthImage, plane: Plane) -> float:
    """Compute the area of a plane's pixels without thin stripes [m^2].

    A plane n.x = d is seen under the angle n.r = d w, so a pixel covers size z^2 / (d w) of it.
    """
    kernel = _kernel(CONSTANTS.dilation_size_px)
    opened = cv2.morphologyEx(is_on_plane.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0
    return float(np.sum(view.values[opened] ** -3)) * view.pixel_area / plane.distance
