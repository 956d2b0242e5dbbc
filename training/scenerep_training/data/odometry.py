"""Poses of recordings that have depth but none, from frame to frame (Open3D)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from scenerep_ros.errors import ConfigError, FrameError
from scenerep_ros.filesystem.atomic import atomic_path
from scenerep_ros.filesystem.cache import cache_folder
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.sources.base import Source
from scenerep_ros.sources.file_source import FileSource
from scenerep_training.data.unpacking import fingerprint

log = logging.getLogger(__name__)

Pose = NDArray[np.float64]

WIDTH = 160
"""Pixels to which images are reduced. On TUM fr1_rpy, turning by up to 4 degrees a frame, poses
explain optical flow to 1.4 pixels of 640 (median) at this width and at 320, but 2.4 times as fast."""
LARGEST_DEPTH_DIFFERENCE = 0.1
"""Metres between two points that can be the same. Open3D's 0.03 loses fast turns: 25 pixels off."""
APART = 1000.0
"""Metres between stretches whose relative pose is unknown, so that neither is seen from the other."""


def with_odometry(source: FileSource, path: Path) -> FileSource:
    """Return a recording with poses: itself if it has some or has no depth.

    Poses are estimated once and kept in the cache; it takes some 50 ms a frame.

    Args:
        source: the recording.
        path: its file or folder, by which the cache knows its poses.

    Raises:
        ConfigError: if Open3D cannot be imported.
        ScenerepError: if the cache cannot be written to.
    """
    first = next(iter(source), None)
    if first is None or first.depth is None or first.pose is not None:
        return source
    file = cache_folder() / "odometry" / f"{path.stem}-{fingerprint(path)}.npy"
    if not file.exists():
        log.info("%s: estimating the poses of %d frames, once", path, len(source))
        with atomic_path(file) as temporary:
            np.save(temporary, estimate_poses(source))
    poses = np.load(file, allow_pickle=False)
    return source.with_poses([pose if np.isfinite(pose).all() else None for pose in poses])


def estimate_poses(source: Source) -> NDArray[np.float64]:
    """Chain the motion from frame to frame.

    Where a motion cannot be found, another stretch begins, out of sight of all others.

    Returns:
        (N, 4, 4) float64, camera to world; NaN for frames that cannot be read.
    """
    poses = np.full((len(source), 4, 4), np.nan)
    pose, last = np.eye(4), None
    for index, frame in _readable(source):
        motion = None if last is None else relative_pose(last, frame)
        if motion is None:
            pose = np.eye(4)
            pose[0, 3] = APART * index
        else:
            pose = pose @ np.linalg.inv(motion)
        poses[index], last = pose, frame
    return poses


def relative_pose(first: RGBDFrame, second: RGBDFrame) -> Pose | None:
    """Find how the camera moved between two near frames, by colour and depth.

    Park, Zhou and Koltun (ICCV 2017), as Open3D implements it.

    Args:
        first: with depth and intrinsics.
        second: likewise.

    Returns:
        (4, 4) float64, which takes points of the first camera to the second; None if not found.

    Raises:
        ConfigError: if Open3D cannot be imported.
    """
    if first.depth is None or second.depth is None or first.intrinsics is None:
        return None
    o3d = _open3d()
    odometry = o3d.pipelines.odometry
    options = odometry.OdometryOption(depth_diff_max=LARGEST_DEPTH_DIFFERENCE)
    found, motion, _ = odometry.compute_rgbd_odometry(
        _reduced(o3d, first, first.depth),
        _reduced(o3d, second, second.depth),
        _camera(o3d, first.intrinsics, first.shape),
        np.eye(4),
        odometry.RGBDOdometryJacobianFromHybridTerm(),
        options,
    )
    return np.asarray(motion) if found else None


def _readable(source: Source) -> Iterator[tuple[int, RGBDFrame]]:
    for index in tqdm(range(len(source)), "odometry", unit="frame", leave=False, delay=1):
        try:
            yield index, source[index]
        except FrameError as error:
            log.warning("no pose: %s", error)


def _size(shape: tuple[int, int]) -> tuple[int, int]:
    """Width and height to which an image is reduced."""
    height, width = shape
    return WIDTH, round(height * WIDTH / width)


def _reduced(o3d: ModuleType, frame: RGBDFrame, depth: NDArray[np.float32]) -> Any:
    size = _size(frame.shape)
    grey = cv2.cvtColor(frame.color, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    distance = cv2.resize(np.nan_to_num(depth), size, interpolation=cv2.INTER_NEAREST)
    image = o3d.geometry.Image
    return o3d.geometry.RGBDImage.create_from_color_and_depth(
        image(small),
        image(distance),
        depth_scale=1.0,
        depth_trunc=1000.0,
        convert_rgb_to_intensity=False,
    )


def _camera(o3d: ModuleType, camera: Intrinsics, shape: tuple[int, int]) -> Any:
    (width, height), (rows, columns) = _size(shape), shape
    x, y = width / columns, height / rows
    return o3d.camera.PinholeCameraIntrinsic(
        width,
        height,
        camera.fx * x,
        camera.fy * y,
        (camera.cx + 0.5) * x - 0.5,
        (camera.cy + 0.5) * y - 0.5,
    )


def _open3d() -> ModuleType:
    try:
        import open3d
    except (ImportError, OSError) as error:
        raise ConfigError(
            f"odometry needs Open3D, which cannot be imported: {error}; install "
            "scenerep-training[odometry], and what the error names (libusb-1.0-0 on Debian)"
        ) from error
    return open3d
