"""Rendered sequence of Replica in the layout of NICE-SLAM (Zhu et al., CVPR 2022)."""

from __future__ import annotations

import json
from itertools import chain, repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import Intrinsics
from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.camera_file import CameraCalibration
from scenerep_ros.sources.folders.image_files import list_images
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.timing import DEFAULT_RATE, stamp_from_index

RENDERED = CameraCalibration(fx=600.0, fy=600.0, cx=599.5, cy=339.5, depth_scale=1 / 6553.5)
"""Camera of the published sequences, at 1200x680."""
PARAMETERS = "cam_params.json"
POSE_NUMBERS = 16


@SOURCES.register("replica")
class ReplicaSequence(FileSource):
    """results/frame*.jpg and results/depth*.png; optional traj.txt and cam_params.json.

    Each line of traj.txt is a 4x4 pose, camera to world. cam_params.json lies beside the sequences.

    Raises:
        SourceError: if cam_params.json is damaged.
    """

    format_name = "Replica sequence"
    format_description = "a folder with results/frame*.jpg and results/depth*.png"
    detection_priority = 46

    def __init__(self, folder: Path) -> None:
        poses = chain(_read_poses(folder / "traj.txt"), repeat(None))
        files = [
            FrameFiles(path, stamp_from_index(index), depth=_depth_path(path), pose=pose)
            for index, (path, pose) in enumerate(zip(_list_colors(folder), poses, strict=False))
        ]
        super().__init__(folder, files, DEFAULT_RATE, _read_parameters(folder))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether a color image of the sequence has a depth image."""
        return any(_depth_path(color).is_file() for color in _list_colors(path))


def _list_colors(folder: Path) -> list[Path]:
    return [path for path in list_images(folder / "results") if path.stem.startswith("frame")]


def _depth_path(color: Path) -> Path:
    return color.with_name(f"depth{color.stem.removeprefix('frame')}.png")


def _read_poses(path: Path) -> list[NDArray[np.float64] | None]:
    """Read one pose a line; None for a line that is not a pose."""
    if not path.is_file():
        return []
    poses: list[NDArray[np.float64] | None] = []
    for line in path.read_text(errors="replace").splitlines():
        try:
            values = np.array([float(word) for word in line.split()])
        except ValueError:
            values = np.empty(0)
        is_pose = len(values) == POSE_NUMBERS and np.isfinite(values).all()
        poses.append(values.reshape(4, 4) if is_pose else None)
    return poses


def _read_parameters(folder: Path) -> CameraCalibration:
    path = next(
        (each / PARAMETERS for each in (folder, folder.parent) if (each / PARAMETERS).is_file()),
        None,
    )
    if path is None:
        return RENDERED
    try:
        camera = json.loads(path.read_text())["camera"]
        intrinsics = Intrinsics(*(float(camera[name]) for name in ("fx", "fy", "cx", "cy")))
        scale = float(camera["scale"])
        if not 0 < scale < float("inf"):
            raise ValueError(f"scale = {scale} is not positive")
    except (OSError, ValueError, TypeError, KeyError, FrameError) as error:
        raise SourceError(f"{path}: cannot be read as camera parameters: {error}") from None
    return CameraCalibration(**vars(intrinsics), depth_scale=1 / scale)
