"""Folder of color images."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.image_files import list_images
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.timing import DEFAULT_RATE, stamp_from_index


@SOURCES.register("image_folder")
class ImageFolder(FileSource):
    """Color images in natural order, without depth and intrinsics."""

    format_name = "image folder"
    format_description = "a folder of PNG or JPEG images"
    detection_priority = 20
    is_continuous = None

    def __init__(self, folder: Path) -> None:
        files = [
            FrameFiles(path, stamp_from_index(index))
            for index, path in enumerate(list_images(folder))
        ]
        super().__init__(folder, files, DEFAULT_RATE)

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether the folder contains an image."""
        return bool(list_images(path))
