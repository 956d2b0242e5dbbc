"""Folder with color/ (or rgb/) and depth/ images of equal names."""

from __future__ import annotations

from itertools import chain, repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import UNLABELLED
from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.camera_file import read_calibration
from scenerep_ros.sources.folders.image_files import list_images
from scenerep_ros.sources.folders.pose_file import FILE_NAME, read_poses
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.timing import DEFAULT_RATE, stamp_from_index


@SOURCES.register("rgbd_folder")
class RGBDFolder(FileSource):
    """Color images, depth images registered to them, optional camera.json and label/ images.

    Labels follow the Object Segmentation Database: 0 = unknown, 1 = table (background), 2 and
    above = one object each. A file groundtruth.txt holds the stamp and the pose of each color
    image, one line per image in the order of their names.

    Raises:
        SourceError: if no color image has a depth image of its name, or camera.json or
            groundtruth.txt is invalid.
    """

    format_name = "RGB-D folder"
    format_description = "a folder with color/ (or rgb/) and depth/ images of equal names"
    detection_priority = 40

    def __init__(self, folder: Path) -> None:
        colors = list_images(_color_folder(folder))
        depths = {path.stem: path for path in list_images(folder / "depth")}
        labels = {path.stem: path for path in list_images(folder / "label")}
        if not any(path.stem in depths for path in colors):
            raise SourceError(
                f"{self.format_name} {folder}: none of {len(colors)} color and {len(depths)} depth "
                "images have equal names; rename them, or pass the folder of color images alone"
            )
        poses = chain(read_poses(folder / FILE_NAME), repeat(None))
        files = [
            FrameFiles(
                color=color,
                stamp_ns=posed.stamp_ns if posed else stamp_from_index(index),
                depth=depths.get(color.stem, folder / "depth" / f"{color.stem}.png"),
                labels=labels.get(color.stem),
                pose=posed.pose if posed else None,
            )
            for index, (color, posed) in enumerate(zip(colors, poses, strict=False))
        ]
        super().__init__(folder, files, DEFAULT_RATE, read_calibration(folder))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether both folders exist."""
        return _color_folder(path).is_dir() and (path / "depth").is_dir()

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Return the instance labels (H, W) of one frame, or None.

        Raises:
            FrameError: if the label image is damaged.
        """
        labels = super().ground_truth(index)
        if labels is None:
            return None
        return np.where(labels == 0, UNLABELLED, labels - np.uint16(1)).astype(np.uint16)


def _color_folder(folder: Path) -> Path:
    color = folder / "color"
    return color if color.is_dir() else folder / "rgb"
