"""Objects that a depth camera does not measure: compact holes in a surface of another color."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.ops.region_properties import measure_regions
from scenerep_ros.ops.regions import binary_opening, connected_regions

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class MissingDepthConstants:
    """Tuned constants of objects without depth."""

    margin_px: int = tuned(
        5,
        "width of the ring around a hole that is compared with it",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )
    min_solidity: float = tuned(
        0.8, "ratio of the area of an object to that of its convex hull", set_on="not recorded"
    )
    min_surface_ratio: float = tuned(
        0.6, "ratio of the ring that belongs to background", set_on="not recorded"
    )
    min_color_contrast: float = tuned(
        25.0,
        "distance in CIELAB between the mean colors of an object and the surface around it",
        set_on="rendered table: 45 for the phone; holes in walls and tables of eight frames of TUM "
        "fr1_rpy and 7-Scenes: up to 14, except 38 for a dark bin",
    )


CONSTANTS = MissingDepthConstants()


@dataclass(frozen=True)
class SurfaceObjectLimits:
    """Limits from which a region on a surface is an object.

    Attributes:
        min_area: smallest area, as a ratio of the image.
        min_solidity: smallest ratio of the area to that of the convex hull.
        min_color_contrast: smallest distance in CIELAB from the surface around the region.
    """

    min_area: float
    min_solidity: float
    min_color_contrast: float


def detect_missing_depth_objects(
    holes: Mask, surface: Mask, color: NDArray[np.uint8], min_area: float
) -> Labels:
    """Detect holes that are flat dark or reflecting objects.

    Args:
        holes: (H, W) bool, pixels without depth, except shadows.
        surface: (H, W) bool, background.
        color: (H, W, 3) uint8 RGB.
        min_area: area of the smallest object, as a ratio of the image.

    Returns:
        (H, W) int32, 1..K for the objects, 0 elsewhere.
    """
    return find_surface_objects(
        holes,
        surface,
        color,
        SurfaceObjectLimits(min_area, CONSTANTS.min_solidity, CONSTANTS.min_color_contrast),
    )


def find_surface_objects(
    candidates: Mask, surface: Mask, color: NDArray[np.uint8], limits: SurfaceObjectLimits
) -> Labels:
    """Find the compact regions on a surface that have another color.

    Args:
        candidates: (H, W) bool, pixels of the regions.
        surface: (H, W) bool, background.
        color: (H, W, 3) uint8 RGB.
        limits: limits of the regions.

    Returns:
        (H, W) int32, 1..K for the objects, 0 elsewhere.
    """
    regions = connected_regions(binary_opening(candidates))
    properties = measure_regions(regions)
    is_large = properties.areas >= limits.min_area * regions.size
    objects = np.zeros_like(regions)
    for region, box in zip(properties.labels[is_large], properties.boxes[is_large], strict=True):
        window = _window(*box.tolist())
        if _is_cropped(window, regions.shape):
            continue
        mask = regions[window] == region
        if _is_object(mask, surface[window], color[window], limits):
            objects[window][mask] = objects.max() + 1
    return objects


def _window(u: int, v: int, width: int, height: int) -> tuple[slice, slice]:
    """Return rows and columns of a bounding box with a margin; they may start before 0."""
    margin = CONSTANTS.margin_px
    return slice(v - margin, v + height + margin), slice(u - margin, u + width + margin)


def _is_cropped(window: tuple[slice, slice], shape: tuple[int, ...]) -> bool:
    """Return True if a window extends beyond the image."""
    return any(w.start < 0 or w.stop > size for w, size in zip(window, shape, strict=True))


def _is_object(
    mask: Mask, surface: Mask, color: NDArray[np.uint8], limits: SurfaceObjectLimits
) -> bool:
    """Return True if a region is compact, lies on a surface, and has another color.

    Args:
        mask: (h, w) bool, the region, with a margin.
        surface: (h, w) bool, background.
        color: (h, w, 3) uint8 RGB.
        limits: limits of the region.
    """
    pixels = mask.view(np.uint8)
    # Check that a surface surrounds the region.
    size = 2 * CONSTANTS.margin_px + 1
    ring = cv2.dilate(pixels, np.ones((size, size), np.uint8)) > pixels
    surrounding = ring & surface
    if np.count_nonzero(surrounding) < CONSTANTS.min_surface_ratio * np.count_nonzero(ring):
        return False
    # Compare shape and color.
    hull = np.zeros_like(pixels)
    cv2.fillConvexPoly(hull, cv2.convexHull(cv2.findNonZero(pixels)), 1)
    lab = cv2.cvtColor(color.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    contrast = np.linalg.norm(lab[mask].mean(axis=0) - lab[surrounding].mean(axis=0))
    is_solid = mask.sum() > limits.min_solidity * hull.sum()
    return bool(contrast > limits.min_color_contrast and is_solid)
