"""Free space: voxels in front of the surface that a frame measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Intrinsics
from scenerep_ros.mapping.views.frame_view import FrameView

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class CarvingConstants:
    """Tuned constants of the test for free space."""

    margin_m: float = tuned(
        0.05,
        "distance from the measured surface within which a voxel is not free",
        unit="m",
        set_on="argument: two voxels and 1 cm of error of the pose",
    )
    margin_per_m2: float = tuned(
        0.01,
        "growth of this distance with the square of depth",
        unit="1/m",
        set_on="argument: three times the noise of a Kinect",
    )


CONSTANTS = CarvingConstants()


def surface_margin(depth: Floats) -> Floats:
    """Return the distance from the surface within which points count as on it [m]."""
    return np.float32(CONSTANTS.margin_m) + np.float32(CONSTANTS.margin_per_m2) * depth * depth


def is_free(view: FrameView, positions: Floats) -> Mask:
    """Return which points (n, 3) [m] lie in the space that a frame shows to be free.

    All pixels around the projection must measure a surface behind the point. So a point at the edge
    of an object is not free if the pose is slightly wrong.
    """
    points = view.to_camera(positions)
    near, inside = look_up(view.nearest_depth, points, view.intrinsics)
    depth = points[:, 2]
    return inside & (depth < near - surface_margin(depth))


def compare_with_depth(
    points: Floats, depth: Floats, nearest_depth: Floats, camera: Intrinsics
) -> tuple[Mask, Mask]:
    """Return which points are in front of a measured surface, and which are on it.

    Args:
        points: (n, 3) float32 in camera coordinates [m].
        depth: (h, w) float32, measured depth [m].
        nearest_depth: (h, w) float32, smallest depth of the pixels around each [m].
        camera: intrinsics of the depth.
    """
    columns, rows, inside = _project(points, camera, *depth.shape)
    distance = points[:, 2]
    margin = surface_margin(distance)
    is_in_front = inside & (distance < nearest_depth[rows, columns] - margin)
    return is_in_front, inside & (np.abs(distance - depth[rows, columns]) <= margin)


def look_up(image: Floats, points: Floats, camera: Intrinsics) -> tuple[Floats, Mask]:
    """Sample an image at the projections of points.

    Args:
        image: (h, w) float32.
        points: (n, 3) float32 in camera coordinates [m].
        camera: intrinsics of the image.

    Returns:
        Values (n,) float32, and which points (n,) are in front of the camera and in the image.
    """
    columns, rows, inside = _project(points, camera, *image.shape)
    return image[rows, columns], inside


def _project(
    points: Floats, camera: Intrinsics, height: int, width: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], Mask]:
    """Return column and row (n,) of the pixel of each point, and which are in the image; 0 if not."""
    depth = points[:, 2]
    scale = np.divide(np.float32(1), depth, out=np.zeros_like(depth), where=depth > 0)
    u = points[:, 0] * (scale * np.float32(camera.fx)) + np.float32(camera.cx)
    v = points[:, 1] * (scale * np.float32(camera.fy)) + np.float32(camera.cy)
    # Pixels reach half a pixel beyond their centers; comparisons are false for NaN.
    half = np.float32(0.5)
    inside = (depth > 0) & (u > -half) & (u < width - half) & (v > -half) & (v < height - half)
    columns, rows = np.zeros(len(points), np.intp), np.zeros(len(points), np.intp)
    columns[inside], rows[inside] = np.rint(u[inside]), np.rint(v[inside])
    return columns, rows, inside
