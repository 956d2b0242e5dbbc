"""Structure and support surfaces: table tops, walls and floors in the depth image."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.config.options import DepthOptions
from scenerep_ros.geometry import Plane, PlaneSearch
from scenerep_ros.geometry.discontinuities import CONSTANTS as BOUNDARY
from scenerep_ros.geometry.inverse_depth import InverseDepthImage, shifted_neighbors
from scenerep_ros.ops.regions import filter_labels, region_areas
from scenerep_ros.segmentation.depth.low_objects import find_raised_pixels

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class SupportPlaneConstants:
    """Tuned constants of support planes."""

    min_inlier_ratio: float = tuned(
        0.03, "ratio of the pixels with depth that a plane must explain", set_on="not recorded"
    )
    max_planes: int = tuned(6, "largest number of planes that are searched", set_on="not recorded")
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


@dataclass(frozen=True)
class SupportPlanes:
    """Pixels (H, W) bool of the planes of structure and support surfaces.

    Attributes:
        is_background: pixels of one of these planes.
        is_near_plane: pixels near the extension of one.
        is_raised: pixels of `is_near_plane` that rise above the plane by more than noise.
    """

    is_background: Mask
    is_near_plane: Mask
    is_raised: Mask


def segment_support_planes(view: InverseDepthImage, options: DepthOptions) -> SupportPlanes:
    """Segment the planes of structure and support surfaces.

    These are the dominant plane, those with a large area, those that bound the scene, and those that
    lie behind their surroundings. The extension of a plane cuts through objects. A pixel therefore
    belongs to it only if the surface around the pixel has the plane's slope too, or if it is near
    such pixels.

    Args:
        view: inverse depth.
        options: tolerances.
    """
    is_background, is_near_plane, is_raised = np.zeros((3, *view.values.shape), bool)
    slopes = _slopes(view.smoothed)
    # Adapt the tolerance to the noise of the sensor.
    search = PlaneSearch.start(view.values, view.rays)
    distance = options.plane_distance * max(1.0, search.noise / CONSTANTS.reference_residual)
    min_dominant_count = CONSTANTS.min_dominant_ratio * np.count_nonzero(view.valid)
    planes = search.find(distance, CONSTANTS.min_inlier_ratio, CONSTANTS.max_planes)
    for rank, plane in enumerate(planes):
        # Find the pixels of the plane; those without depth are NaN, and near no plane.
        bump_height = np.float32(CONSTANTS.bump_height_m / plane.distance) * view.values
        tolerance = np.maximum(bump_height, np.float32(distance))
        residual = plane.residual(view.values, view.rays)
        absolute_residual = np.abs(residual)
        is_close = absolute_residual < tolerance
        is_on_plane = is_close & ~is_background & _is_parallel(plane, slopes, view, tolerance)
        # Add them to the background if the plane is no face of an object.
        is_dominant = rank == 0 and np.count_nonzero(is_close) > min_dominant_count
        if is_dominant or _is_background(is_on_plane, residual, tolerance, view, plane, options):
            core = cv2.morphologyEx(
                is_on_plane.astype(np.uint8), cv2.MORPH_OPEN, _kernel(CONSTANTS.opening_size_px)
            )
            is_member = is_close & (cv2.dilate(core, _kernel(CONSTANTS.dilation_size_px)) > 0)
            is_near = absolute_residual < CONSTANTS.near_tolerance_ratio * tolerance
            smoothed_residual = plane.residual(view.smoothed, view.rays)
            is_raised |= is_near & find_raised_pixels(residual, smoothed_residual, is_member)
            is_background |= is_member
            is_near_plane |= is_near
    return SupportPlanes(is_background, is_near_plane, is_raised)


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


def _kernel(size: int) -> NDArray[np.uint8]:
    return np.ones((size, size), np.uint8)


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
    opened = _without_stripes(is_on_plane)
    area = _area(opened, view, plane)
    if area > options.plane_area:
        return True
    sample = np.s_[:: CONSTANTS.sampling_step, :: CONSTANTS.sampling_step]
    if _bounds_scene(residual[sample], tolerance[sample]):
        return True
    near_tolerance = CONSTANTS.near_tolerance_ratio * tolerance
    is_large = area > CONSTANTS.min_recess_area_m2
    return is_large and _is_recessed(opened, residual, near_tolerance)


def _bounds_scene(residual: Floats, tolerance: Floats) -> bool:
    """Return True if almost nothing lies behind a plane."""
    behind_count = np.count_nonzero(residual < -CONSTANTS.near_tolerance_ratio * tolerance)
    finite_count = np.count_nonzero(np.isfinite(residual))
    return bool(behind_count < CONSTANTS.max_behind_ratio * finite_count)


def _without_stripes(mask: Mask) -> NDArray[np.uint8]:
    """Remove the thin stripes of a mask (H, W); returns 0 and 1."""
    kernel = _kernel(CONSTANTS.dilation_size_px)
    return np.asarray(cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, kernel), np.uint8)


def _is_recessed(on_plane: NDArray[np.uint8], residual: Floats, tolerance: Floats) -> bool:
    """Return True if a plane lies behind its surroundings, like the bottom of a box.

    Args:
        on_plane: (H, W) 1 for the pixels of the plane, without thin stripes.
        residual: (H, W) float32, distance of each pixel in front of the plane [1/m].
        tolerance: (H, W) float32 [1/m].
    """
    surroundings = cv2.dilate(on_plane, _kernel(CONSTANTS.surroundings_size_px)).view(bool)
    in_front, behind = (
        np.count_nonzero(surroundings & is_beyond)
        for is_beyond in (residual > tolerance, residual < -tolerance)
    )
    return bool(in_front > CONSTANTS.min_recess_ratio * behind)


def _area(on_plane: NDArray[np.uint8], view: InverseDepthImage, plane: Plane) -> float:
    """Compute the area of a plane's pixels (H, W) [m^2].

    A plane n.x = d is seen under the angle n.r = d w, so a pixel covers size z^2 / (d w) of it.
    """
    w = view.values[on_plane.view(bool)]
    return float(np.sum(1 / (w * w * w))) * view.pixel_area / plane.distance
