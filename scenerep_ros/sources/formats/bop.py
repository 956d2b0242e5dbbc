"""Scene of the BOP benchmark (Hodan et al., ECCV 2018)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import Intrinsics
from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.camera_file import CameraCalibration
from scenerep_ros.sources.folders.image_files import list_images, read_labels
from scenerep_ros.sources.image_decoding import MILLIMETERS
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.timing import DEFAULT_RATE, stamp_from_index

FILE_NAME = "scene_camera.json"
COLOR_FOLDERS = ("rgb", "gray")


@SOURCES.register("bop")
class BopScene(FileSource):
    """rgb/ (or gray/) and depth/ images, scene_camera.json with calibration, unit and camera pose.

    Labels are the visible masks of mask_visib/, numbered from 1 in the order of their names.

    Raises:
        SourceError: if scene_camera.json is damaged or describes none of the images.
    """

    format_name = "BOP scene"
    format_description = f"a folder with {FILE_NAME}, rgb/ and depth/"
    detection_priority = 48
    is_continuous = None

    def __init__(self, folder: Path) -> None:
        cameras = _read_cameras(folder / FILE_NAME)
        depths = {path.stem: path for path in list_images(folder / "depth")}
        colors = next(filter(None, (list_images(folder / name) for name in COLOR_FOLDERS)), [])
        described = [path for path in colors if _image_id(path) in cameras]
        files = [
            FrameFiles(
                color=path,
                stamp_ns=stamp_from_index(index),
                depth=depths.get(path.stem, folder / "depth" / f"{path.stem}.png"),
                pose=_camera_pose(cameras[_image_id(path)]),
                intrinsics=_intrinsics(cameras[_image_id(path)], folder),
            )
            for index, path in enumerate(described)
        ]
        first = cameras[_image_id(described[0])] if described else {}
        calibration = CameraCalibration(depth_scale=_depth_scale(first, folder))
        super().__init__(folder, files, DEFAULT_RATE, calibration)

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether the folder has the file of the cameras and a folder of images."""
        has_images = any((path / name).is_dir() for name in COLOR_FOLDERS)
        return has_images and (path / FILE_NAME).is_file()

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Return the instance labels (H, W) of one frame, 0 = background, or None.

        Raises:
            FrameError: if a mask is damaged, or masks differ in size.
        """
        color = self.color_path(index)
        masks = sorted((color.parents[1] / "mask_visib").glob(f"{color.stem}_*"))
        if not masks:
            return None
        labels = np.zeros_like(read_labels(masks[0]))
        for label, path in enumerate(masks, start=1):
            mask = read_labels(path)
            if mask.shape != labels.shape:
                raise FrameError(f"{path}: size differs from that of the other masks")
            labels[mask > 0] = label
        return labels


def _read_cameras(path: Path) -> dict[int, dict[str, Any]]:
    try:
        content = json.loads(path.read_text())
        return {int(key): dict(value) for key, value in content.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SourceError(f"{path}: cannot be read as the cameras of a scene: {error}") from None


def _image_id(path: Path) -> int:
    return int(path.stem) if path.stem.isdecimal() else -1


def _intrinsics(camera: dict[str, Any], folder: Path) -> Intrinsics:
    """Return the intrinsics of one image.

    Raises:
        SourceError: if they are missing or invalid.
    """
    try:
        k = np.array(camera["cam_K"], np.float64).reshape(3, 3)
        return Intrinsics(k[0, 0], k[1, 1], k[0, 2], k[1, 2])
    except (KeyError, TypeError, ValueError, FrameError) as error:
        raise SourceError(f"{folder / FILE_NAME}: cam_K is missing or invalid: {error}") from None


def _depth_scale(camera: dict[str, Any], folder: Path) -> float:
    """Return the length of a unit of depth [m]; the file has it in millimeters.

    Raises:
        SourceError: if it is no positive number.
    """
    value = camera.get("depth_scale", 1.0)
    try:
        scale = float(value)
    except (TypeError, ValueError):
        scale = 0.0
    if not 0 < scale < float("inf"):
        raise SourceError(f"{folder / FILE_NAME}: depth_scale = {value!r}, expected a length in mm")
    return scale * MILLIMETERS


def _camera_pose(camera: dict[str, Any]) -> NDArray[np.float64] | None:
    """Return the pose (4, 4), camera to world, or None; the file has world to camera [mm]."""
    try:
        rotation = np.array(camera.get("cam_R_w2c"), np.float64).reshape(3, 3)
        translation = np.array(camera.get("cam_t_w2c"), np.float64).reshape(3)
    except (TypeError, ValueError):  # missing or no numbers
        return None
    pose = np.eye(4)
    pose[:3, :3] = rotation.T
    pose[:3, 3] = -rotation.T @ translation * MILLIMETERS
    return pose if np.isfinite(pose).all() else None
