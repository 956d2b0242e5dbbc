"""A folder with color/ (or rgb/) and depth/ images of equal names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import UNLABELLED
from scenerep_ros.sources.file_source import DEFAULT_RATE, FileSource, Shot, index_stamp
from scenerep_ros.sources.folders.camera_file import read_camera
from scenerep_ros.sources.folders.image_files import list_images


class RGBDFolder(FileSource):
    """Colour, depth registered to it, optional camera.json and label/ images.

    Labels are as in the Object Segmentation Database: 0 = unknown, 1 = table (background),
    2 and up = one object each.

    Raises:
        SourceError: if no colour image has a depth image of its name, or camera.json is wrong.
    """

    kind = "RGB-D folder"
    looks_like = "a folder with color/ (or rgb/) and depth/ images of equal names"

    def __init__(self, folder: Path) -> None:
        colors = list_images(_color_folder(folder))
        depths = {path.stem: path for path in list_images(folder / "depth")}
        labels = {path.stem: path for path in list_images(folder / "label")}
        if not any(path.stem in depths for path in colors):
            raise SourceError(
                f"{self.kind} {folder}: none of {len(colors)} colour and {len(depths)} depth images "
                "have equal names; rename them, or give the folder of colour images alone"
            )
        shots = [
            Shot(
                color=color,
                stamp_ns=index_stamp(index),
                depth=depths.get(color.stem, folder / "depth" / f"{color.stem}.png"),
                labels=labels.get(color.stem),
            )
            for index, color in enumerate(colors)
        ]
        super().__init__(folder, shots, DEFAULT_RATE, read_camera(folder))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Whether both folders are there."""
        return _color_folder(path).is_dir() and (path / "depth").is_dir()

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Instance labels (H, W) of one frame; None where there are none.

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
