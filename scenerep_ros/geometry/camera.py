"""Pinhole camera model: conversions between depth images and 3D points."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import Intrinsics


@lru_cache(maxsize=8)
def viewing_rays(
    intrinsics: Intrinsics, height: int, width: int, step: int = 1
) -> NDArray[np.float32]:
    """Compute the direction of each pixel, scaled to unit depth.

    Args:
        intrinsics: intrinsics of the image.
        height: height of the image [px].
        width: width of the image [px].
        step: distance between the pixels, both ways [px].

    Returns:
        (height / step, width / step, 3) float32, optical frame, z = 1; read-only, because it is
        cached.
    """
    rays = np.ones((height, width, 3), np.float32)
    rays[..., 0] = (np.arange(width) - intrinsics.cx) / intrinsics.fx
    rays[..., 1] = ((np.arange(height) - intrinsics.cy) / intrinsics.fy)[:, None]
    rays = np.ascontiguousarray(rays[::step, ::step])
    rays.flags.writeable = False
    return rays


def deproject(
    depth: NDArray[np.float32], intrinsics: Intrinsics, out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Compute the 3D point of each pixel of a depth image.

    Args:
        depth: (H, W) float32 along the optical axis [m]; NaN, inf and 0 mean no measurement.
        intrinsics: intrinsics of the image.
        out: (H, W, 3) float32 array for the result, not necessarily contiguous.

    Returns:
        (H, W, 3) float32 [m], optical frame (REP 103); NaN without a measurement.
    """
    rays = viewing_rays(intrinsics, *depth.shape)
    points = np.empty((*depth.shape, 3), np.float32) if out is None else out
    z = np.where((depth > 0) & (depth < np.inf), depth, np.float32(np.nan))
    # numpy takes four times as long for inner loops over three axes as for ones over image rows.
    np.multiply(rays[0, :, 0], z, out=points[..., 0])
    np.multiply(rays[:, :1, 1], z, out=points[..., 1])
    points[..., 2] = z
    return points


def project(points: NDArray[np.float32], intrinsics: Intrinsics) -> NDArray[np.float32]:
    """Project points to the image.

    Args:
        points: (..., 3) [m], optical frame.
        intrinsics: intrinsics of the image.

    Returns:
        (..., 3) float32: u and v [px], and depth [m]. NaN for points that are not in front of the
        camera.
    """
    depth = np.where(points[..., 2] > 0, points[..., 2], np.nan)
    u = points[..., 0] / depth * intrinsics.fx + intrinsics.cx
    v = points[..., 1] / depth * intrinsics.fy + intrinsics.cy
    return np.stack([u, v, depth], axis=-1).astype(np.float32)


def reproject_depth(
    depth: NDArray[np.float32], source: Intrinsics, target: Intrinsics, baseline: float
) -> NDArray[np.float32]:
    """Reproject a depth image into a parallel camera, with a z-buffer.

    Args:
        depth: (H, W) float32 [m]; NaN, inf and 0 mean no measurement.
        source: intrinsics of the depth image.
        target: intrinsics of the other camera, whose image has the same size.
        baseline: position of the other camera along the x axis of the depth camera [m].

    Returns:
        (H, W) float32 depth of the nearest surface in each target pixel [m]; NaN without one.
    """
    # Move the measured points to the target camera.
    points = deproject(depth, source).reshape(-1, 3)
    points = points[np.isfinite(points[:, 2])] - np.array([baseline, 0, 0], np.float32)
    # Project them from far to near.
    projected = project(points[np.argsort(-points[:, 2])], target)
    u, v = np.rint(projected[:, :2]).astype(np.intp).T
    inside = (u >= 0) & (u < depth.shape[1]) & (v >= 0) & (v < depth.shape[0])
    # numpy keeps the last value of a repeated index, which is the nearest.
    reprojected = np.full(depth.shape, np.nan, np.float32)
    reprojected[v[inside], u[inside]] = projected[inside, 2]
    return reprojected


def invert_depth(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute inverse depth.

    Args:
        depth: (...) float32 [m].

    Returns:
        (...) float32 [1/m]; NaN where depth is not a finite, positive number.

    >>> invert_depth(np.array([0.5, 2, 0, np.inf], np.float32)).tolist()
    [2.0, 0.5, nan, nan]
    """
    with np.errstate(divide="ignore", over="ignore"):
        inverse = np.float32(1) / depth
    return np.where((inverse > 0) & (inverse < np.inf), inverse, np.float32(np.nan))
