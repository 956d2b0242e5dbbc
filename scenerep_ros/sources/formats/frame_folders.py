"""Folder with one folder a frame, as some recorders write it."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.camera_file import read_calibration
from scenerep_ros.sources.folders.image_files import list_images, natural_key
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.timing import DEFAULT_RATE, stamp_from_index

COLOR_STEMS = ("color", "colour", "rgb", "image", "img", "color_image", "rgb_image", "left")
DEPTH_STEMS = ("depth", "depth_image", "aligned_depth")
LABEL_STEMS = ("label", "labels", "mask", "segmentation")


@SOURCES.register("frame_folders")
class FrameFolders(FileSource):
    """NAME/color.* (or rgb.*), optional NAME/depth.* [mm] and NAME/label.*; optional camera.json.

    The folders name the frames. Labels are instance ids, 0 = background.

    Raises:
        SourceError: if camera.json is invalid.
    """

    format_name = "folder of frame folders"
    format_description = "a folder with a folder a frame, which holds color.* (or rgb.*)"
    detection_priority = 15
    is_continuous = None

    def __init__(self, folder: Path) -> None:
        frames = _frame_folders(folder)
        files = [
            FrameFiles(
                color=images[0],
                stamp_ns=stamp_from_index(index),
                depth=_find(path, DEPTH_STEMS),
                labels=_find(path, LABEL_STEMS),
            )
            for index, path in enumerate(frames)
            if (images := _all(path, COLOR_STEMS))
        ]
        has_depth = any(each.depth for each in files)
        calibration = read_calibration(folder) if has_depth else None
        super().__init__(folder, files, DEFAULT_RATE, calibration)

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether every visible and readable folder of the folder holds one color image."""
        folders = _visible_folders(path) if path.is_dir() else []
        return bool(folders) and _frame_folders(path) == folders


def _visible_folders(folder: Path) -> list[Path]:
    folders = [path for path in folder.iterdir() if path.is_dir() and path.name[0] != "."]
    return sorted(filter(_is_readable, folders), key=lambda path: natural_key(path.name))


def _is_readable(folder: Path) -> bool:
    """Return whether a folder may be listed, unlike the lost+found of a disk."""
    try:
        next(folder.iterdir(), None)
    except PermissionError:
        return False
    return True


def _frame_folders(folder: Path) -> list[Path]:
    return [path for path in _visible_folders(folder) if len(_all(path, COLOR_STEMS)) == 1]


def _all(folder: Path, stems: tuple[str, ...]) -> list[Path]:
    return [path for path in list_images(folder) if path.stem.lower() in stems]


def _find(folder: Path, stems: tuple[str, ...]) -> Path | None:
    return next(iter(_all(folder, stems)), None)
