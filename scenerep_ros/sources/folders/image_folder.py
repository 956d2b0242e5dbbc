"""A folder of colour images, in natural order."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.sources.file_source import DEFAULT_RATE, FileSource, Shot, index_stamp
from scenerep_ros.sources.folders.image_files import list_images


class ImageFolder(FileSource):
    """Colour only: neither depth nor intrinsics."""

    kind = "image folder"
    looks_like = "a folder of PNG or JPEG images"

    def __init__(self, folder: Path) -> None:
        images = list_images(folder)
        shots = [Shot(path, index_stamp(index)) for index, path in enumerate(images)]
        super().__init__(folder, shots, DEFAULT_RATE)

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Whether the folder holds an image."""
        return bool(list_images(path))
