"""Walls, floor and ceiling of a depth image: the planes that have the scene in front of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class BoundingPlaneConstants:
    """Tuned constants of the detection of bounding planes."""

    min_front_ratio: float = tuned(
        0.97, "ratio of the points that lie in front of a bounding plane", set_on="argument: noise"
    )
    min_plane_ratio: float = tuned(
        0.02, "ratio of the points on the smallest plane", set_on="not varied"
    )
    max_planes: int = tuned(7, "number of planes that are tried", set_on="not varied")
    samples: int = tuned(80, "random triples of points per plane", set_on="not varied")
    sample_radius: float = tuned(
        0.8, "Manhattan distance of the points of a triple", unit="m", set_on="not varied"
    )
    tolerance: float = tuned(
        0.03, "distance from a plane to a point on it at no depth", unit="m", set_on="not varied"
    )
    tolerance_slope: float = tuned(
        0.01, "increase of the tolerance with squared depth", unit="1/m", set_on="not varied"
    )


CONSTANTS = BoundingPlaneConstants()


def detect_bounding_planes(points: Points, rng: np.random.Generator) -> Mask:
    """Find the points on planes that bound the scene, by sequential RANSAC.

    Args:
        points: (N, 3) float64, in the optical frame of the camera [m].
        rng: source of the random triples.

    Returns:
        (N,) bool.
    """
    is_structure = np.zeros(len(points), bool)
    is_left = np.ones(len(points), bool)
    tolerance = CONSTANTS.tolerance + CONSTANTS.tolerance_slope * points[:, 2] ** 2
    for _ in range(CONSTANTS.max_planes):
        plane = _fit_plane(points[is_left], tolerance[is_left], rng)
        if plane is None or np.count_nonzero(is_left) < CONSTANTS.min_plane_ratio * len(points):
            break
        center, normal = plane
        distance = (points - center) @ normal
        is_inlier = np.abs(distance) < tolerance
        if (distance > -2 * tolerance).mean() > CONSTANTS.min_front_ratio:
            is_structure |= is_inlier
        if not (is_left & is_inlier).any():
            break
        is_left &= ~is_inlier
    return is_structure


def _fit_plane(
    points: Points, tolerance: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Points, Points] | None:
    """Fit the plane with the most inliers; returns its center (3,) and its normal (3,) to the camera."""
    best: Mask | None = None
    for _ in range(CONSTANTS.samples if len(points) else 0):
        anchor = points[rng.integers(len(points))]
        near = points[np.abs(points - anchor).sum(axis=1) < CONSTANTS.sample_radius]
        second, third = near[rng.integers(len(near), size=2)]
        normal = np.cross(second - anchor, third - anchor)
        length = np.linalg.norm(normal)
        if length == 0:
            continue
        is_inlier = np.abs((points - anchor) @ normal) < tolerance * length
        if best is None or is_inlier.sum() > best.sum():
            best = is_inlier
    if best is None:
        return None
    center = points[best].mean(axis=0)
    normal = np.linalg.svd(points[best] - center, full_matrices=False)[2][2]
    return center, normal if normal @ center < 0 else -normal
