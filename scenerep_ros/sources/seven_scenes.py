"""A sequence of the 7-Scenes data set (Shotton et al., CVPR 2013)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.sources.camera_file import read_camera
from scenerep_ros.sources.file_source import DEFAULT_RATE, FileSource, Shot, index_stamp
from scenerep_ros.sources.image_files import list_images


class SevenScenes(FileSource):
    """frame-NNNNNN.color, .depth.png (millimetres) and .pose.txt (camera to world).

    The data set's depth is not registered to colour: the two cameras sit some centimetres apart
    and differ in focal length, so depth edges lie several pixels beside colour's. Good for coarse
    geometry; borders of objects follow colour only with a registered recording.

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
        path = _beside(self._shots[index].color, "pose.txt")
        return replace(frame, pose=read_pose(path)) if path.exists() else frame


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
