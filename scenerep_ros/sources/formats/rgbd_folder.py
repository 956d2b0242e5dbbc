"""Folder with color/ (or rgb/) and depth/ images of equal names."""

from __future__ import annotations

import re
from itertools import chain, repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import UNLABELLED
from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.camera_file import read_calibration
from scenerep_ros.sources.folders.image_files import list_images
from scenerep_ros.sources.folders.trajectory import read_pose_rows
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.timing import DEFAULT_RATE, stamp_from_index

COLOR_FOLDERS = (
    "color", "rgb", "colour", "colors", "image", "images", "img", "imgs", "rgb_image", "rgb_images",
    "color_image", "color_images", "image_color", "rgb_left", "image_left", "left",
)  # fmt: skip
DEPTH_FOLDERS = (
    "depth", "depths", "depth_image", "depth_images", "image_depth", "depth_map", "depth_maps",
    "depth_registered", "registered_depth", "aligned_depth", "depth_aligned", "depth_left",
    "aligned_depth_to_color",
)  # fmt: skip
LABEL_FOLDERS = ("label",)
"""Names of the folders, in any capitals and with - for _, the preferred first."""
POSES_NAME = "groundtruth.txt"
KIND_WORDS = re.compile(
    r"(aligned[_-]?)?(colou?r|rgb|depth|label|mask|image|img)s?[_-]?(image|img|raw)?"
)
LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


@SOURCES.register("rgbd_folder")
class RGBDFolder(FileSource):
    """Color images, depth images registered to them, optional camera.json and label/ images.

    Labels follow the Object Segmentation Database: 0 = unknown, 1 = table (background), 2 and
    above = one object each. A file groundtruth.txt holds the stamp and the pose of each color
    image, one line per image in the order of their names.

    Raises:
        SourceError: if no color image has a depth image of its name, or camera.json is invalid.
    """

    format_name = "RGB-D folder"
    format_description = "a folder with color/ (or rgb/) and depth/ images of equal names"
    detection_priority = 40
    is_continuous = None

    def __init__(self, folder: Path) -> None:
        colors = list_images(_subfolder(folder, COLOR_FOLDERS))
        depth_folder = _subfolder(folder, DEPTH_FOLDERS)
        depths = by_frame_name(colors, list_images(depth_folder))
        labels = by_frame_name(colors, list_images(_subfolder(folder, LABEL_FOLDERS)))
        if not depths:
            count = len(list_images(depth_folder))
            raise SourceError(
                f"{self.format_name} {folder}: none of {len(colors)} color and {count} depth "
                "images have equal names; rename them, or pass the folder of color images alone"
            )
        poses = chain(read_pose_rows(folder / POSES_NAME), repeat((None, None)))
        files = [
            FrameFiles(
                color=color,
                stamp_ns=stamp_from_index(index) if stamp_ns is None else stamp_ns,
                depth=depths.get(color, depth_folder / f"{color.stem}.png"),
                labels=labels.get(color),
                pose=pose,
            )
            for index, (color, (stamp_ns, pose)) in enumerate(zip(colors, poses, strict=False))
        ]
        super().__init__(folder, files, DEFAULT_RATE, read_calibration(folder))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether both folders exist."""
        return (
            path.is_dir()
            and _subfolder(path, COLOR_FOLDERS).is_dir()
            and _subfolder(path, DEPTH_FOLDERS).is_dir()
        )

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Return the instance labels (H, W) of one frame, or None.

        Raises:
            FrameError: if the label image is damaged.
        """
        labels = super().ground_truth(index)
        if labels is None:
            return None
        return np.where(labels == 0, UNLABELLED, labels - np.uint16(1)).astype(np.uint16)


def _subfolder(folder: Path, names: tuple[str, ...]) -> Path:
    """Return the first of the named folders that exists; else one that does not."""
    folders = {
        path.name.lower().replace("-", "_"): path
        for path in sorted(folder.iterdir(), reverse=True)
        if path.is_dir()
    }
    return next((folders[name] for name in names if name in folders), folder / names[0])


def by_frame_name(colors: list[Path], images: list[Path]) -> dict[Path, Path]:
    """Map color images to the images of their name.

    Names may differ in capitals, in the words color and depth (rgb_1.jpg and depth_1.png), or in the
    zeros before a number.
    """
    for key in (_stem, _folded_stem, frame_stem, _unpadded_stem):
        named = {key(image): image for image in images}
        matches = {color: named[key(color)] for color in colors if key(color) in named}
        if matches:
            return matches
    return {}


def _stem(path: Path) -> str:
    return path.stem


def _folded_stem(path: Path) -> str:
    return path.stem.casefold()


def frame_stem(path: Path) -> str:
    """Return the stem without the words that name the kind of an image."""
    return KIND_WORDS.sub("", path.stem.casefold()).strip("_-. ")


def _unpadded_stem(path: Path) -> str:
    return LEADING_ZEROS.sub("", frame_stem(path))
