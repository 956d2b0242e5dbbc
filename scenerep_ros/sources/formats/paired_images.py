"""Folder that holds color and depth images side by side, such as 0-color.png and 0-depth.png."""

from __future__ import annotations

import re
from pathlib import Path

from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.camera_file import read_calibration
from scenerep_ros.sources.folders.image_files import list_images
from scenerep_ros.sources.formats.rgbd_folder import by_frame_name
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.timing import DEFAULT_RATE, stamp_from_index

WORD = re.compile(r"[a-z]+")
LABEL_WORDS = {"label", "labels", "mask", "masks", "seg", "segmentation"}
OTHER_WORDS = {"normal", "normals", "ir", "infrared", "vis", "colormap", "confidence"}


@SOURCES.register("paired_images")
class PairedImages(FileSource):
    """Images whose names differ in the words color (or rgb, or none), depth [mm] and label.

    Labels are instance ids, 0 = background. The calibration is that of camera.json.

    Raises:
        SourceError: if camera.json is invalid.
    """

    format_name = "folder of paired images"
    format_description = "a folder with NAME-color.* and NAME-depth.*"
    detection_priority = 25
    is_continuous = None

    def __init__(self, folder: Path) -> None:
        colors, depths, labels = _list_kinds(folder)
        depth_of, label_of = by_frame_name(colors, depths), by_frame_name(colors, labels)
        files = [
            FrameFiles(path, stamp_from_index(index), depth_of.get(path), label_of.get(path))
            for index, path in enumerate(colors)
        ]
        super().__init__(folder, files, DEFAULT_RATE, read_calibration(folder))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether a color image of the folder has a depth image."""
        colors, depths, _ = _list_kinds(path)
        return bool(depths) and bool(by_frame_name(colors, depths))


def _list_kinds(folder: Path) -> tuple[list[Path], list[Path], list[Path]]:
    """Return the images of color, depth and labels of a folder, by the words of their names."""
    colors, depths, labels = [], [], []
    for path in list_images(folder):
        words = set(WORD.findall(path.stem.lower()))
        if words & OTHER_WORDS:
            continue
        if "depth" in words:
            depths.append(path)
        elif words & LABEL_WORDS:
            labels.append(path)
        else:
            colors.append(path)
    return colors, depths, labels
