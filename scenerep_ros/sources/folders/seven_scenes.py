"""A sequence of the 7-Scenes data set (Shotton et al., CVPR 2013)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry import seen_from_beside
from scenerep_ros.sources.file_source import DEFAULT_RATE, FileSource, Shot, index_stamp
from scenerep_ros.sources.folders.camera_file import read_camera
from scenerep_ros.sources.folders.image_files import list_images

DEPTH_CAMERA = Intrinsics(585.0, 585.0, 320.0, 240.0)
"""Of the depth images, as the data set's authors recommend."""
BASELINE = 0.025
"""Metres from the depth camera to the colour camera of a Kinect, to the right."""


class SevenScenes(FileSource):
    """frame-NNNNNN.color, .depth.png (millimetres) and .pose.txt (camera to world).

    The data set's depth is not registered to colour: the two cameras of its Kinect sit 2.5 cm apart
    and differ in focal length. Depth is seen from the colour camera here, and poses, which are the
    depth camera's, are made the colour camera's. With these constants steps in depth lie on
    edges of colour; with one camera for both they lie 14 to 30 pixels beside.

    Raises:
        SourceError: if camera.json is wrong.
    """

    kind = "7-Scenes sequence"
    looks_like = "a folder with frame-*.color.* and frame-*.depth.png"

    def __init__(self, folder: Path) -> None:
        shots = [
            Shot(path, index_stamp(index), depth=_beside(path, "depth.png"))
            for index, path in enumerate(_colors(folder))
        ]
        super().__init__(folder, shots, DEFAULT_RATE, read_camera(folder))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Whether a colour image has its depth image beside it."""
        return any(_beside(color, "depth.png").exists() for color in _colors(path))

    def __getitem__(self, index: int) -> RGBDFrame:
        frame = super().__getitem__(index)
        assert frame.depth is not None
        assert frame.intrinsics is not None
        depth = seen_from_beside(frame.depth, DEPTH_CAMERA, frame.intrinsics, BASELINE)
        return replace(frame, depth=depth, pose=self._pose(index))

    def _pose(self, index: int) -> NDArray[np.float64] | None:
        """Of the colour camera."""
        path = _beside(self._shots[index].color, "pose.txt")
        pose = read_pose(path) if path.exists() else None
        if pose is None:
            return None
        aside = np.eye(4)
        aside[0, 3] = BASELINE
        return pose @ aside


def read_pose(path: Path) -> NDArray[np.float64] | None:
    """Read a 4x4 matrix, camera to world; None where the camera was lost (values not finite).

    Raises:
        FrameError: if the file holds anything else.
    """
    try:
        pose = np.loadtxt(path, dtype=np.float64)
    except (OSError, ValueError) as error:
        raise FrameError(f"{path}: cannot be read as a pose: {error}") from None
    if pose.shape != (4, 4):
        raise FrameError(f"{path}: pose is {list(pose.shape)}, expected 4 rows of 4 numbers")
    return pose if np.isfinite(pose).all() else None


def _colors(folder: Path) -> list[Path]:
    return [path for path in list_images(folder) if path.stem.endswith(".color")]


def _beside(color: Path, suffix: str) -> Path:
    """Name of the file that belongs to a colour image: frame-000000.depth.png."""
    return color.with_name(f"{color.stem.removesuffix('.color')}.{suffix}")
