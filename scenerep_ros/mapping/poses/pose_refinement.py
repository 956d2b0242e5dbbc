"""Refinement of a given pose against the surfaces of earlier views: projective point-to-plane ICP.

Blais and Levine ("Registering multiview range data to create 3D computer objects", PAMI 1995) for
the correspondences. The given pose is a prior with the noise of a localization, so directions that
the surfaces leave open, such as along a wall, keep their given value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry import viewing_rays
from scenerep_ros.mapping.poses.pose_gate import motion_between
from scenerep_ros.mapping.views.frame_view import sampling_step
from scenerep_ros.mapping.views.map_views import MapView, MapViews

Floats = NDArray[np.float32]
Pose = NDArray[np.float64]

_MIN_LENGTH = 1e-12  # constant: avoids a division by zero


@dataclass(frozen=True)
class PoseRefinementConstants:
    """Tuned constants of the refinement of poses."""

    max_points: int = tuned(
        400,
        "number of points that are compared with the views",
        set_on="time per frame, with an eye on the mIoU of patrol seeds 1 and 22",
    )
    max_views: int = tuned(
        3,
        "number of nearest views that a frame is compared with",
        set_on="time per frame, with an eye on the mIoU of patrol seeds 1 and 22",
    )
    max_view_distance_m: float = tuned(
        1.5,
        "distance up to which an earlier view is compared",
        unit="m",
        set_on="argument: farther views show other surfaces",
    )
    max_view_angle_deg: float = tuned(
        45.0,
        "angle up to which an earlier view is compared",
        unit="deg",
        set_on="argument: a third of the field of view is common",
    )
    max_normal_step: float = tuned(
        0.05,
        "ratio of depth between neighbors above which a pixel has no normal",
        set_on="argument: a floor that is seen from 1.3 m at 4 m",
    )
    distances_m: tuple[float, ...] = tuned(
        (0.25, 0.12, 0.07, 0.05),
        "largest distance of corresponding points in each iteration",
        unit="m",
        set_on="an angle of 3 degrees moves a point at 4 m by 0.2 m; number of iterations by the time "
        "per frame, with an eye on the mIoU of patrol seeds 1 and 22",
    )
    position_noise_m: float = tuned(
        0.01,
        "noise of a given position along each axis",
        unit="m",
        set_on="argument: a localization in a room",
    )
    angle_noise_deg: float = tuned(
        1.0,
        "noise of a given angle about each axis",
        unit="deg",
        set_on="argument: a localization in a room",
    )
    max_noise_ratio: float = tuned(
        4.0,
        "correction, in deviations of one axis, up to which it is noise",
        set_on="argument: 1 in 1,000 of three axes together",
    )
    surface_noise_m: float = tuned(
        0.1,
        "deviation of one distance; large, as neighboring points share their error",
        unit="m",
        set_on="argument: 400 points weigh as 4 independent ones of 1 cm",
    )
    min_matches: int = tuned(
        100, "number of corresponding points that a correction needs", set_on="argument: 1 in 8"
    )
    good_residual_m: float = tuned(
        0.004,
        "median distance from the views up to which a given pose is kept",
        unit="m",
        set_on="argument: a fifth of a voxel",
    )
    min_gain: float = tuned(
        0.9,
        "ratio of the residual after and before a correction below which it is used",
        set_on="argument: an accident of the correspondences gains less",
    )


CONSTANTS = PoseRefinementConstants()


@dataclass(frozen=True)
class _Points:
    """Points of a frame, in camera coordinates.

    Attributes:
        positions: (3, n) float32 [m].
        normals: (3, n) float32.
        jacobian: (n, 6) float64, change of the distance of each point along its normal by a rotation
            about the camera and a translation, both in camera axes.
    """

    positions: Floats
    normals: Floats
    jacobian: NDArray[np.float64]


@dataclass(frozen=True)
class _Surfaces:
    """Depth images of V views, as one array over all pixels, with their cameras.

    Attributes:
        depth: (pixels,) float16 [m], one image after the other.
        starts: (V, 1) int, first pixel of each image.
        size: (V, 2, 1) float32, width and height [px].
        focal: (V, 2, 1) float32, focal lengths [px].
        center: (V, 2, 1) float32, principal points [px].
        poses: (V, 4, 4) float64, camera to world.
    """

    depth: NDArray[np.float16]
    starts: NDArray[np.intp]
    size: Floats
    focal: Floats
    center: Floats
    poses: Pose


def refined_frame(frame: RGBDFrame, views: MapViews) -> RGBDFrame:
    """Return a frame with depth, intrinsics and pose, with its pose improved by the map's views."""
    depth, intrinsics, pose = frame.depth, frame.intrinsics, frame.pose
    if depth is None or intrinsics is None or pose is None:
        return frame
    step = sampling_step(frame.shape[1])
    reduced = np.ascontiguousarray(depth[::step, ::step])
    return replace(frame, pose=refine_pose(reduced, intrinsics.subsampled(step), pose, views))


def refine_pose(depth: Floats, intrinsics: Intrinsics, pose: Pose, views: MapViews) -> Pose:
    """Improve the pose of a frame by the views of the map.

    Args:
        depth: (h, w) float32, reduced depth image [m]; NaN without a measurement.
        intrinsics: intrinsics of this image.
        pose: (4, 4) float64, given camera to world.
        views: views of the map.

    Returns:
        (4, 4) float64; the given pose if it is already good, or the correction does not lower the
        distance from the views or exceeds the noise of a localization.
    """
    near = views.nearest(
        pose, CONSTANTS.max_views, CONSTANTS.max_view_distance_m, CONSTANTS.max_view_angle_deg
    )
    points = _sample_points(depth, intrinsics)
    if not near or len(points.jacobian) < CONSTANTS.min_matches:
        return pose
    surfaces = _stack_views(near)
    first, *others = CONSTANTS.distances_m
    distances = _match(points, surfaces, pose, first)
    before = _median_distance(distances)
    if not before > CONSTANTS.good_residual_m:  # NaN without common surfaces
        return pose
    refined = _step(points, distances, pose, pose)
    for distance in others:
        refined = _step(points, _match(points, surfaces, refined, distance), refined, pose)
    after = _median_distance(_match(points, surfaces, refined, first))
    moved_m, turned_deg = motion_between(pose, refined)
    limit = CONSTANTS.max_noise_ratio
    is_noise = (
        moved_m <= limit * CONSTANTS.position_noise_m
        and turned_deg <= limit * CONSTANTS.angle_noise_deg
    )
    return refined if is_noise and after < CONSTANTS.min_gain * before else pose


def _sample_points(depth: Floats, intrinsics: Intrinsics) -> _Points:
    """Return points with normals, evenly distributed over the image."""
    height, width = depth.shape
    inner = np.arange((height - 2) * (width - 2), dtype=np.int32)
    inner = inner[:: max(1, len(inner) // CONSTANTS.max_points)]
    rows, columns = inner // (width - 2) + 1, inner % (width - 2) + 1
    rays, flat = viewing_rays(intrinsics, height, width).reshape(-1, 3), depth.ravel()
    center = rows * width + columns

    def position(pixels: NDArray[np.int32]) -> Floats:
        return np.asarray(rays[pixels] * flat[pixels, None])

    across = position(center + 1) - position(center - 1)
    down = position(center + width) - position(center - width)
    max_step = CONSTANTS.max_normal_step * flat[center]  # comparisons are false for NaN
    is_smooth = (np.abs(across[:, 2]) < max_step) & (np.abs(down[:, 2]) < max_step)
    normals = np.cross(across[is_smooth], down[is_smooth])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), _MIN_LENGTH)
    positions = position(center[is_smooth])
    jacobian = np.concatenate([np.cross(positions, normals), normals], axis=1)
    return _Points(
        np.ascontiguousarray(positions.T, np.float32),
        np.ascontiguousarray(normals.T, np.float32),
        jacobian.astype(np.float64),
    )


def _stack_views(views: list[MapView]) -> _Surfaces:
    """Return the surfaces of views, whose images may have different sizes."""
    pixels = np.array([view.depth.size for view in views], np.intp)
    cameras = [view.intrinsics for view in views]
    return _Surfaces(
        depth=np.concatenate([view.depth.ravel() for view in views]),
        starts=(np.cumsum(pixels) - pixels)[:, None],
        size=np.array([view.depth.shape[::-1] for view in views], np.float32)[..., None],
        focal=np.array([(k.fx, k.fy) for k in cameras], np.float32)[..., None],
        center=np.array([(k.cx, k.cy) for k in cameras], np.float32)[..., None],
        poses=np.array([view.pose for view in views]),
    )


def _match(points: _Points, surfaces: _Surfaces, pose: Pose, max_distance: float) -> Floats:
    """Find corresponding points in the views by projection.

    Returns:
        (V, n) float32, distance of the surface of each view along the normal of each point [m]; NaN
        where the view shows no surface near the point.
    """
    # 1. Transform points and normals to the V cameras.
    to_views = surfaces.poses[:, :3, :3].transpose(0, 2, 1)
    rotations = (to_views @ pose[:3, :3]).astype(np.float32)
    offsets = to_views @ (pose[:3, 3] - surfaces.poses[:, :3, 3])[..., None]
    local = rotations @ points.positions + offsets.astype(np.float32)
    # 2. Look up the depth of the pixel that each point projects to.
    z = local[:, 2]
    is_visible = z > 0
    scale = np.divide(np.float32(1), z, out=np.zeros_like(z), where=is_visible)
    pixels = np.rint(local[:, :2] * scale[:, None] * surfaces.focal + surfaces.center)
    is_visible &= ((pixels >= 0) & (pixels < surfaces.size)).all(axis=1)
    columns, rows = np.where(is_visible[:, None], pixels, 0).astype(np.intp).transpose(1, 0, 2)
    widths = surfaces.size[:, 0].astype(np.intp)
    depth = surfaces.depth[surfaces.starts + rows * widths + columns].astype(np.float32)
    # 3. Measure the distance between the point and the surface at this pixel.
    rays = (pixels - surfaces.center) / surfaces.focal
    difference = np.concatenate([rays * depth[:, None], depth[:, None]], axis=1) - local
    distances = np.sum((rotations @ points.normals) * difference, axis=1)
    is_near = is_visible & (np.abs(depth - z) < max_distance)
    return np.where(is_near & (np.abs(distances) < max_distance), distances, np.float32(np.nan))


def _median_distance(distances: Floats) -> float:
    """Return the median distance from the views [m]; NaN with too few common points."""
    known = np.abs(distances[np.isfinite(distances)])
    return float(np.median(known)) if len(known) >= CONSTANTS.min_matches else float("nan")


def _step(points: _Points, distances: Floats, pose: Pose, given: Pose) -> Pose:
    """Return the pose after one Gauss-Newton step with the given pose as prior."""
    is_match = np.isfinite(distances)
    if is_match.sum() < CONSTANTS.min_matches:
        return pose
    weights = is_match.sum(axis=0)
    residuals = np.where(is_match, distances, 0).sum(axis=0)
    rotation = pose[:3, :3]
    deviation = np.concatenate(
        [
            cv2.Rodrigues(given[:3, :3].T @ rotation)[0][:, 0],
            rotation.T @ (pose[:3, 3] - given[:3, 3]),
        ]
    )
    noise = np.repeat([np.radians(CONSTANTS.angle_noise_deg), CONSTANTS.position_noise_m], 3)
    prior = (CONSTANTS.surface_noise_m / noise) ** 2
    normal_matrix = (points.jacobian * weights[:, None]).T @ points.jacobian + np.diag(prior)
    step = np.linalg.solve(normal_matrix, points.jacobian.T @ residuals - prior * deviation)
    result = np.eye(4)
    result[:3, :3] = rotation @ cv2.Rodrigues(step[:3])[0]
    result[:3, 3] = pose[:3, 3] + rotation @ step[3:]
    return result
