"""Refinement of a given pose against the surfaces of earlier views: projective point-to-plane ICP.

Blais and Levine ("Registering multiview range data to create 3D computer objects", PAMI 1995) for
the correspondences. The given pose is a prior with the noise of a localization, so directions that
the surfaces leave open, such as along a wall, keep their given value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry import viewing_rays
from scenerep_ros.mapping.poses.pose_gate import motion_between
from scenerep_ros.mapping.views.carving import look_up_pixels
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
        positions: (n, 3) float64 [m].
        normals: (n, 3) float64.
    """

    positions: NDArray[np.float64]
    normals: NDArray[np.float64]


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
    if not near or len(points.positions) < CONSTANTS.min_matches:
        return pose
    before = _residual(points, near, pose)
    if not before > CONSTANTS.good_residual_m:  # NaN without common surfaces
        return pose
    refined = pose
    for distance in CONSTANTS.distances_m:
        refined = _step(points, near, refined, pose, distance)
    after = _residual(points, near, refined)
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
    return _Points(position(center[is_smooth]).astype(np.float64), normals.astype(np.float64))


def _match(
    points: _Points, views: list[MapView], pose: Pose, distance: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Find corresponding points in the views by projection.

    Returns:
        Offsets (m, 3) of the points from the camera, normals (m, 3), and distances (m,) of the views'
        surfaces along the normals, in world axes [m].
    """
    offsets = points.positions @ pose[:3, :3].T
    normals = points.normals @ pose[:3, :3].T
    parts = []
    for view in views:
        world_offsets = offsets + (pose[:3, 3] - view.pose[:3, 3])
        local = (world_offsets @ view.pose[:3, :3]).astype(np.float32)
        rays, measured, inside = look_up_pixels(view.depth, local, view.intrinsics)
        is_near = inside & (np.abs(measured - local[:, 2]) < distance)
        surface = rays[is_near] * measured[is_near, None] - local[is_near]
        difference = surface.astype(np.float64) @ view.pose[:3, :3].T
        residual = np.einsum("ni,ni->n", difference, normals[is_near])
        is_near[is_near] = np.abs(residual) < distance
        parts.append((is_near, residual[np.abs(residual) < distance]))
    return (
        np.concatenate([offsets[is_near] for is_near, _ in parts]),
        np.concatenate([normals[is_near] for is_near, _ in parts]),
        np.concatenate([residual for _, residual in parts]),
    )


def _residual(points: _Points, views: list[MapView], pose: Pose) -> float:
    """Return the median distance from the views [m]; NaN with too few common points."""
    *_, residuals = _match(points, views, pose, CONSTANTS.distances_m[0])
    if len(residuals) < CONSTANTS.min_matches:
        return float("nan")
    return float(np.median(np.abs(residuals)))


def _step(points: _Points, views: list[MapView], pose: Pose, given: Pose, distance: float) -> Pose:
    """Return the pose after one Gauss-Newton step with the given pose as prior."""
    offsets, normals, residuals = _match(points, views, pose, distance)
    if len(residuals) < CONSTANTS.min_matches:
        return pose
    jacobian = np.concatenate([np.cross(offsets, normals), normals], axis=1)
    deviation = np.concatenate(
        [
            Rotation.from_matrix(pose[:3, :3] @ given[:3, :3].T).as_rotvec(),
            pose[:3, 3] - given[:3, 3],
        ]
    )
    noise = np.repeat([np.radians(CONSTANTS.angle_noise_deg), CONSTANTS.position_noise_m], 3)
    weight = (CONSTANTS.surface_noise_m / noise) ** 2
    normal_matrix = jacobian.T @ jacobian + np.diag(weight)
    step = np.linalg.solve(normal_matrix, jacobian.T @ residuals - weight * deviation)
    result = np.eye(4)
    result[:3, :3] = Rotation.from_rotvec(step[:3]).as_matrix() @ pose[:3, :3]
    result[:3, 3] = pose[:3, 3] + step[3:]
    return result
