"""The pinhole camera: between pixels with depth and points in space."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import Intrinsics


@lru_cache(maxsize=8)
def viewing_rays(intrinsics: Intrinsics, height: int, width: int) -> NDArray[np.float32]:
    """Direction of each pixel, scaled to unit depth.

    Returns:
        (height, width, 3) float32, optical frame, z = 1; read only, since it is shared.
    """
    rays = np.ones((height, width, 3), np.float32)
    rays[..., 0] = (np.arange(width) - intrinsics.cx) / intrinsics.fx
    rays[..., 1] = ((np.arange(height) - intrinsics.cy) / intrinsics.fy)[:, None]
    rays.flags.writeable = False
    return rays


def deproject(
    depth: NDArray[np.float32], intrinsics: Intrinsics, out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Turn a depth image into one point a pixel.

    Args:
        depth: (H, W) float32, metres along the optical axis; NaN, inf and 0 are no measurement.
        intrinsics: of the image.
        out: (H, W, 3) float32 to fill instead of a new array; need not be contiguous.

    Returns:
        (H, W, 3) float32, metres, optical frame (REP 103); NaN where there is no depth.
    """
    rays = viewing_rays(intrinsics, *depth.shape)
    points = np.empty((*depth.shape, 3), np.float32) if out is None else out
    valid = np.where((depth > 0) & (depth < np.inf), depth, np.float32(np.nan))
    # Axis by axis: numpy is four times slower at rows of three numbers than at rows of a picture.
    np.multiply(rays[0, :, 0], valid, out=points[..., 0])
    np.multiply(rays[:, :1, 1], valid, out=points[..., 1])
    points[..., 2] = valid
    return points


def project(points: NDArray[np.float32], intrinsics: Intrinsics) -> NDArray[np.float32]:
    """Find the pixels in which points appear.

    Args:
        points: (..., 3), metres, optical frame.
        intrinsics: of the image.

    Returns:
        (..., 3) float32: u, v in pixels, and depth in metres. NaN where a point is not in front
        of the camera.
    """
    depth = np.where(points[..., 2] > 0, points[..., 2], np.nan)
    u = points[..., 0] / depth * intrinsics.fx + intrinsics.cx
    v = points[..., 1] / depth * intrinsics.fy + intrinsics.cy
    return np.stack([u, v, depth], axis=-1).astype(np.float32)


def seen_from_beside(
    depth: NDArray[np.float32], camera: Intrinsics, other: Intrinsics, baseline: float
) -> NDArray[np.float32]:
    """Register depth: what another camera, which looks the same way, would measure.

    Args:
        depth: (H, W) float32, metres; NaN, inf and 0 are no measurement.
        camera: that measured it.
        other: whose depth is asked for, at the same size.
        baseline: metres from the camera to the other one, to the right.

    Returns:
        (H, W) float32, metres, of the nearest surface a pixel; NaN where there is none.
    """
    points = deproject(depth, camera).reshape(-1, 3)
    points = points[np.isfinite(points[:, 2])] - np.array([baseline, 0, 0], np.float32)
    found = project(points[np.argsort(-points[:, 2])], other)
    u, v = np.rint(found[:, :2]).astype(np.intp).T
    inside = (u >= 0) & (u < depth.shape[1]) & (v >= 0) & (v < depth.shape[0])
    seen = np.full(depth.shape, np.nan, np.float32)
    # Of an index that is repeated, numpy keeps the last value: the nearest.
    seen[v[inside], u[inside]] = found[inside, 2]
    return seen


def invert_depth(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / depth, float32, 1 / m; NaN where depth is not a finite, positive number."""
    known = (depth > 0) & (depth < np.inf)
    unknown = np.full(depth.shape, np.nan, np.float32)
    return np.divide(np.float32(1), depth, out=unknown, where=known)
