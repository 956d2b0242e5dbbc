"""Exported scene of ScanNet (Dai et al., CVPR 2017)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.geometry import reproject_depth
from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.camera_file import CameraCalibration
from scenerep_ros.sources.folders.image_files import list_images
from scenerep_ros.sources.formats.seven_scenes import read_pose
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.timing import DEFAULT_RATE, stamp_from_index


@SOURCES.register("scannet")
class ScanNetScene(FileSource):
    """color/, depth/ [mm], pose/ (camera to world) and intrinsic/ of equal frame numbers.

    The 25,000 frames of the benchmark have intrinsics_color.txt and intrinsics_depth.txt instead.

    Depth is smaller than color and seen by a camera of another focal length: color is reduced to the
    size of depth, and depth is registered to color.

    Raises:
        SourceError: if a file of intrinsic/ is missing or damaged.
    """

    format_name = "ScanNet scene"
    format_description = "a folder with color/, depth/, pose/ and intrinsic/"
    detection_priority = 47

    def __init__(self, folder: Path) -> None:
        depths = {path.stem: path for path in list_images(folder / "depth")}
        files = [
            FrameFiles(
                color=path,
                stamp_ns=stamp_from_index(index),
                depth=depths.get(path.stem, folder / "depth" / f"{path.stem}.png"),
            )
            for index, path in enumerate(list_images(folder / "color"))
        ]
        color = _read_intrinsics(_intrinsics_path(folder, "color"))
        self._depth_intrinsics = _read_intrinsics(_intrinsics_path(folder, "depth"))
        super().__init__(folder, files, DEFAULT_RATE, CameraCalibration(**vars(color)))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether the folders exist."""
        has_intrinsics = _intrinsics_path(path, "color").is_file()
        return has_intrinsics and (path / "color").is_dir() and (path / "depth").is_dir()

    def __getitem__(self, index: int) -> RGBDFrame:
        frame = self.color_frame(index)
        depth = self._read_depth(self._files[index])
        assert depth is not None
        assert frame.intrinsics is not None
        return self._register(frame, depth, frame.intrinsics)

    def color_frame(self, index: int) -> RGBDFrame:
        """Read one frame without its depth, at the size of color, as that of depth is not read."""
        frame = super().color_frame(index)
        path = self._files[index].depth
        assert path is not None
        pose_path = path.parents[1] / "pose" / f"{path.stem}.txt"
        return replace(frame, pose=read_pose(pose_path) if pose_path.is_file() else None)

    def _register(self, frame: RGBDFrame, depth: np.ndarray, camera: Intrinsics) -> RGBDFrame:
        """Reduce color to the size of depth (H, W), and register depth to it."""
        height, width = depth.shape
        reduced = camera.resized(width / frame.shape[1], height / frame.shape[0])
        color = cv2.resize(frame.color, (width, height), interpolation=cv2.INTER_AREA)
        registered = reproject_depth(depth, self._depth_intrinsics, reduced, 0.0)
        return replace(
            frame, color=np.asarray(color, np.uint8), depth=registered, intrinsics=reduced
        )


def _intrinsics_path(folder: Path, camera: str) -> Path:
    """Return the path of the camera matrix of color or depth."""
    exported = folder / "intrinsic" / f"intrinsic_{camera}.txt"
    of_benchmark = folder / f"intrinsics_{camera}.txt"
    return of_benchmark if of_benchmark.is_file() else exported


def _read_intrinsics(path: Path) -> Intrinsics:
    try:
        matrix = np.loadtxt(path, dtype=np.float64)
        return Intrinsics(matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2])
    except (OSError, ValueError, IndexError, FrameError) as error:
        raise SourceError(f"{path}: cannot be read as a camera matrix: {error}") from None
