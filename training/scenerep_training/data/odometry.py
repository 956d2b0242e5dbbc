"""Camera poses of RGB-D recordings without poses, by visual odometry (Open3D)."""

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

IMAGE_WIDTH_PX = 160
"""Width to which images are downsampled [px]. On TUM fr1_rpy, with rotations of up to 4 degrees per
frame, the poses agree with optical flow to 1.4 px of 640 (median) at this width and at 320 px, which
takes 2.4 times as long."""
MAX_DEPTH_DIFFERENCE_M = 0.1
"""Maximum depth difference of corresponding points [m]. Open3D's default of 0.03 loses fast
rotations: 25 px error."""
TRAJECTORY_DISTANCE_M = 1000.0
"""Distance between trajectories of unknown relative pose [m], so that neither is visible from the
other."""


def with_odometry(source: FileSource, path: Path) -> FileSource:
    """Return a recording with poses: the recording itself if it has poses or no depth.

    Poses are estimated once and cached; the estimation takes about 50 ms per frame.

    Args:
        source: recording.
        path: file or folder of the recording, which identifies it in the cache.

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
    """Estimate the poses of all frames by chaining the motions between frames.

    If a motion cannot be estimated, a new trajectory starts, out of sight of all others.

    Returns:
        (N, 4, 4) float64, camera to world; NaN for unreadable frames.
    """
    poses = np.full((len(source), 4, 4), np.nan)
    pose, previous = np.eye(4), None
    for index, frame in _readable_frames(source):
        motion = None if previous is None else relative_pose(previous, frame)
        if motion is None:
            pose = np.eye(4)
            pose[0, 3] = TRAJECTORY_DISTANCE_M * index
        else:
            pose = pose @ np.linalg.inv(motion)
        poses[index], previous = pose, frame
    return poses


def relative_pose(first: RGBDFrame, second: RGBDFrame) -> Pose | None:
    """Estimate the camera motion between two near frames from color and depth.

    Park, Zhou and Koltun (ICCV 2017), as implemented in Open3D.

    Args:
        first: frame with depth and intrinsics.
        second: frame with depth and intrinsics.

    Returns:
        (4, 4) float64 transform of points from the first to the second camera; None if the
        estimation fails.

    Raises:
        ConfigError: if Open3D cannot be imported.
    """
    if first.depth is None or second.depth is None or first.intrinsics is None:
        return None
    o3d = _import_open3d()
    odometry = o3d.pipelines.odometry
    options = odometry.OdometryOption(depth_diff_max=MAX_DEPTH_DIFFERENCE_M)
    success, motion, _ = odometry.compute_rgbd_odometry(
        _downsample(o3d, first, first.depth),
        _downsample(o3d, second, second.depth),
        _scale_intrinsics(o3d, first.intrinsics, first.shape),
        np.eye(4),
        odometry.RGBDOdometryJacobianFromHybridTerm(),
        options,
    )
    return np.asarray(motion) if success else None


def _readable_frames(source: Source) -> Iterator[tuple[int, RGBDFrame]]:
    for index in tqdm(range(len(source)), "odometry", unit="frame", leave=False, delay=1):
        try:
            yield index, source[index]
        except FrameError as error:
            log.warning("no pose: %s", error)


def _downsampled_size(shape: tuple[int, int]) -> tuple[int, int]:
    """Return width and height of the downsampled image."""
    height, width = shape
    return IMAGE_WIDTH_PX, round(height * IMAGE_WIDTH_PX / width)


def _downsample(o3d: ModuleType, frame: RGBDFrame, depth: NDArray[np.float32]) -> Any:
    """Return a downsampled RGBDImage of Open3D."""
    size = _downsampled_size(frame.shape)
    gray = cv2.cvtColor(frame.color, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    small_gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    small_depth = cv2.resize(np.nan_to_num(depth), size, interpolation=cv2.INTER_NEAREST)
    image = o3d.geometry.Image
    return o3d.geometry.RGBDImage.create_from_color_and_depth(
        image(small_gray),
        image(small_depth),
        depth_scale=1.0,
        depth_trunc=1000.0,
        convert_rgb_to_intensity=False,
    )


def _scale_intrinsics(o3d: ModuleType, intrinsics: Intrinsics, shape: tuple[int, int]) -> Any:
    """Return the intrinsics of the downsampled image as Open3D's type."""
    (width, height), (rows, columns) = _downsampled_size(shape), shape
    x_scale, y_scale = width / columns, height / rows
    return o3d.camera.PinholeCameraIntrinsic(
        width,
        height,
        intrinsics.fx * x_scale,
        intrinsics.fy * y_scale,
        (intrinsics.cx + 0.5) * x_scale - 0.5,
        (intrinsics.cy + 0.5) * y_scale - 0.5,
    )


def _import_open3d() -> ModuleType:
    try:
        import open3d
    except (ImportError, OSError) as error:
        raise ConfigError(
            f"odometry needs Open3D, which cannot be imported: {error}; install "
            "scenerep-training[odometry], and the library that the error names (libusb-1.0-0 on Debian)"
        ) from error
    return open3d
