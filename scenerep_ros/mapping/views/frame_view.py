"""Sampled pixels of one segmented frame, in world coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import UNLABELLED, Intrinsics, RGBDFrame, SceneSegmentation
from scenerep_ros.geometry import viewing_rays

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]
Pose = NDArray[np.float64]


@dataclass(frozen=True)
class FrameViewConstants:
    """Tuned constants of the sampling of frames."""

    sample_width_px: int = tuned(
        128,
        "approximate width of the grid of pixels that enter the map",
        unit="px",
        set_on="argument: at 2 m, neighbors on this grid are one voxel of 2 cm apart; time per frame",
    )
    max_edge_step: float = tuned(
        0.04,
        "ratio of depth between a pixel and its neighbor above which depth may be mixed",
        set_on="argument: three times the step of a floor at 4 m, seen from 1.3 m",
    )
    carving_window_px: int = tuned(
        5,
        "side of the window in which all pixels must lie behind a voxel that is free",
        unit="px",
        grid="sampled grid",
        set_on="argument: an error of the pose of 1 degree moves the image by 9 of 640 pixels",
    )


CONSTANTS = FrameViewConstants()


@dataclass(frozen=True)
class FrameView:
    """Pixels of a frame that enter the map.

    Attributes:
        points: (n, 3) float32, world [m].
        colors: (n, 3) float32, RGB, 0..255.
        labels: (n,) int32: BACKGROUND, UNLABELLED or object ids of the frame.
        depth: (h, w) float32, sampled depth [m]; NaN without a measurement.
        nearest_depth: (h, w) float32, smallest depth of the pixels around each; 0 where one has no
            measurement.
        intrinsics: intrinsics of the sampled grid.
        pose: (4, 4) float64, camera to world.
        stamp_ns: time of the frame [ns].
    """

    points: Floats
    colors: Floats
    labels: NDArray[np.int32]
    depth: Floats
    nearest_depth: Floats
    intrinsics: Intrinsics
    pose: NDArray[np.float64]
    stamp_ns: int

    def to_camera(self, points: Floats) -> Floats:
        """Transform points (n, 3) from world to camera coordinates [m]."""
        rotation = self.pose[:3, :3].astype(np.float32)
        # Sums over columns of (3, n) are faster than over rows of (n, 3).
        local = rotation.T @ points.T
        local -= (rotation.T @ self.pose[:3, 3].astype(np.float32))[:, None]
        return np.asarray(local.T)


def sampling_step(width: int) -> int:
    """Return the distance of sampled pixels [px] in an image of a width [px]."""
    return max(1, round(width / CONSTANTS.sample_width_px))


def view_frame(frame: RGBDFrame, scene: SceneSegmentation, max_range: float) -> FrameView:
    """Sample the pixels of a frame whose depth is reliable.

    Args:
        frame: frame with depth, intrinsics and pose.
        scene: segmentation of the frame.
        max_range: depth beyond which pixels are left out [m].
    """
    depth_image = cast(Floats, frame.depth)
    camera = cast(Intrinsics, frame.intrinsics)
    pose = cast(Pose, frame.pose)
    step = sampling_step(frame.shape[1])
    depth = np.ascontiguousarray(depth_image[::step, ::step])
    intrinsics = camera.subsampled(step)
    is_valid = (depth > 0) & (depth < max_range) & ~_is_near_edge(depth_image, step)
    rows, columns = np.nonzero(is_valid)
    pixels = rows * (step * frame.shape[1]) + columns * step
    return FrameView(
        points=_world_points(depth, intrinsics, pose, rows, columns),
        colors=frame.color.reshape(-1, 3).take(pixels, axis=0).astype(np.float32),
        labels=scene.labels.ravel().take(pixels).astype(np.int32),
        depth=np.where(depth > 0, depth, np.float32(np.nan)),
        nearest_depth=_nearest_depth(depth),
        intrinsics=intrinsics,
        pose=pose,
        stamp_ns=frame.stamp_ns,
    )


def _world_points(
    depth: Floats, intrinsics: Intrinsics, pose: Pose, rows: Indices, columns: Indices
) -> Floats:
    """Deproject pixels of a depth image; return their positions (n, 3) in the world [m]."""
    rays = viewing_rays(intrinsics, *depth.shape)
    z = depth[rows, columns]
    local = np.stack([rays[0, :, 0][columns] * z, rays[:, 0, 1][rows] * z, z])
    world = pose[:3, :3].astype(np.float32) @ local + pose[:3, 3, None].astype(np.float32)
    return np.ascontiguousarray(world.T)


def is_labelled(labels: NDArray[np.int32]) -> Mask:
    """Return which labels are known: BACKGROUND or an object."""
    return np.asarray(labels != UNLABELLED)


def _is_near_edge(depth: Floats, step: int) -> Mask:
    """Return which sampled pixels differ from a direct neighbor of the full image."""
    center = depth[::step, ::step]
    threshold = CONSTANTS.max_edge_step * center
    is_step = np.zeros(center.shape, np.bool_)
    below, right = depth[1::step, ::step], depth[::step, 1::step]
    rows, columns = len(below), right.shape[1]
    is_step[:rows] |= np.abs(below - center[:rows]) > threshold[:rows]
    is_step[:, :columns] |= np.abs(right - center[:, :columns]) > threshold[:, :columns]
    return is_step


def _nearest_depth(depth: Floats) -> Floats:
    kernel = np.ones((CONSTANTS.carving_window_px,) * 2, np.uint8)
    known = np.where(depth > 0, depth, np.float32(0))
    return np.asarray(cv2.erode(known, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)
