"""Sampled pixels of one segmented frame, in world coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import UNLABELLED, Intrinsics, RGBDFrame, SceneSegmentation
from scenerep_ros.geometry import deproject

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


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
        pixels: (n,) flat index of each point on the sampled grid.
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
    pixels: NDArray[np.intp]
    depth: Floats
    nearest_depth: Floats
    intrinsics: Intrinsics
    pose: NDArray[np.float64]
    stamp_ns: int

    def to_camera(self, points: Floats) -> Floats:
        """Transform points (n, 3) from world to camera coordinates [m]."""
        rotation, position = self.pose[:3, :3], self.pose[:3, 3]
        return (points - position.astype(np.float32)) @ rotation.astype(np.float32)


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
    pose = cast(NDArray[np.float64], frame.pose)
    step = sampling_step(frame.shape[1])
    depth = depth_image[::step, ::step]
    intrinsics = camera.subsampled(step)
    is_valid = (depth > 0) & (depth < max_range) & ~_is_near_edge(depth_image, step)
    points = deproject(depth, intrinsics)[is_valid]
    points = points @ pose[:3, :3].T.astype(np.float32) + pose[:3, 3].astype(np.float32)
    return FrameView(
        points=points,
        colors=frame.color[::step, ::step][is_valid].astype(np.float32),
        labels=scene.labels[::step, ::step][is_valid].astype(np.int32),
        pixels=np.flatnonzero(is_valid),
        depth=np.where(depth > 0, depth, np.float32(np.nan)),
        nearest_depth=_nearest_depth(depth),
        intrinsics=intrinsics,
        pose=pose,
        stamp_ns=frame.stamp_ns,
    )


def is_labelled(labels: NDArray[np.int32]) -> Mask:
    """Return which labels are known: BACKGROUND or an object."""
    return np.asarray(labels != UNLABELLED)


def _is_near_edge(depth: Floats, step: int) -> Mask:
    """Return which sampled pixels differ from a direct neighbor of the full image."""
    height, width = depth.shape
    rows, columns = np.arange(0, height, step), np.arange(0, width, step)
    center = depth[::step, ::step]
    below = depth[np.minimum(rows + 1, height - 1)[:, None], columns]
    right = depth[rows[:, None], np.minimum(columns + 1, width - 1)]
    threshold = CONSTANTS.max_edge_step * center
    is_step = (np.abs(below - center) > threshold) | (np.abs(right - center) > threshold)
    return np.asarray(is_step)


def _nearest_depth(depth: Floats) -> Floats:
    kernel = np.ones((CONSTANTS.carving_window_px,) * 2, np.uint8)
    known = np.where(depth > 0, depth, np.float32(0))
    return np.asarray(cv2.erode(known, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)
