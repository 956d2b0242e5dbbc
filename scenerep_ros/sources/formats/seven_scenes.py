"""Sequence of the 7-Scenes data set (Shotton et al., CVPR 2013)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry import reproject_depth
from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.camera_file import read_calibration
from scenerep_ros.sources.folders.image_files import list_images
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.timing import DEFAULT_RATE, stamp_from_index

DEPTH_INTRINSICS = Intrinsics(585.0, 585.0, 320.0, 240.0)
"""Intrinsics of the depth camera that the authors of the data set recommend."""
BASELINE_M = 0.025
"""Distance of a Kinect's color camera from its depth camera, to the right [m]."""
POSE_SHAPE = (4, 4)


@SOURCES.register("seven_scenes")
class SevenScenes(FileSource):
    """frame-NNNNNN.color, .depth.png [mm] and .pose.txt (camera to world).

    The depth of the data set is not registered to color: the two cameras of the Kinect are 2.5 cm
    apart and differ in focal length. This source registers depth to the color camera, and converts
    the poses of the depth camera to poses of the color camera. With these constants depth
    discontinuities coincide with color edges; without registration they are 14 to 30 px apart.

    Raises:
        SourceError: if camera.json is invalid.
    """

    format_name = "7-Scenes sequence"
    format_description = "a folder with frame-*.color.* and frame-*.depth.png"
    detection_priority = 30

    def __init__(self, folder: Path) -> None:
        files = [
            FrameFiles(path, stamp_from_index(index), depth=_companion(path, "depth.png"))
            for index, path in enumerate(_list_colors(folder))
        ]
        super().__init__(folder, files, DEFAULT_RATE, read_calibration(folder))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether a color image of the folder has a depth image."""
        return any(_companion(color, "depth.png").exists() for color in _list_colors(path))

    def __getitem__(self, index: int) -> RGBDFrame:
        frame = super().__getitem__(index)
        assert frame.depth is not None
        assert frame.intrinsics is not None
        depth = reproject_depth(frame.depth, DEPTH_INTRINSICS, frame.intrinsics, BASELINE_M)
        return replace(frame, depth=depth, pose=self._color_camera_pose(index))

    def _color_camera_pose(self, index: int) -> NDArray[np.float64] | None:
        path = _companion(self._files[index].color, "pose.txt")
        depth_camera_pose = read_pose(path) if path.exists() else None
        if depth_camera_pose is None:
            return None
        color_to_depth_camera = np.eye(4)
        color_to_depth_camera[0, 3] = BASELINE_M
        return depth_camera_pose @ color_to_depth_camera


def read_pose(path: Path) -> NDArray[np.float64] | None:
    """Read a (4, 4) pose, camera to world; None if tracking was lost (values are not finite).

    Raises:
        FrameError: if the file contains anything else.
    """
    try:
        pose = np.loadtxt(path, dtype=np.float64)
    except (OSError, ValueError) as error:
        raise FrameError(f"{path}: cannot be read as a pose: {error}") from None
    if pose.shape != POSE_SHAPE:
        raise FrameError(f"{path}: pose is {list(pose.shape)}, expected 4 rows of 4 numbers")
    return pose if np.isfinite(pose).all() else None


def _list_colors(folder: Path) -> list[Path]:
    return [path for path in list_images(folder) if path.stem.endswith(".color")]


def _companion(color: Path, suffix: str) -> Path:
    """Return the path of another file of the same frame, such as frame-000000.depth.png."""
    return color.with_name(f"{color.stem.removesuffix('.color')}.{suffix}")
