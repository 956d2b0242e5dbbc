"""Camera poses of RGB-D recordings without poses, by visual odometry (Open3D)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from scenerep_ros.errors import FrameError
from scenerep_ros.filesystem.atomic import atomic_path
from scenerep_ros.filesystem.cache import cache_folder
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.mapping.poses.rgbd_motion import relative_pose
from scenerep_ros.sources.base import Source
from scenerep_ros.sources.file_source import FileSource
from scenerep_training.data.unpacking import fingerprint

log = logging.getLogger(__name__)

Pose = NDArray[np.float64]

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


def _readable_frames(source: Source) -> Iterator[tuple[int, RGBDFrame]]:
    for index in tqdm(range(len(source)), "odometry", unit="frame", leave=False, delay=1):
        try:
            yield index, source[index]
        except FrameError as error:
            log.warning("no pose: %s", error)
