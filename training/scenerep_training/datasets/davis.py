"""DAVIS: short videos with the masks of one object (2016) or of several (2017) in every frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import BACKGROUND
from scenerep_ros.sources.file_source import FileSource, FrameFiles, stamp_from_index
from scenerep_ros.sources.folders.image_files import list_images
from scenerep_training.datasets.masked_images import HALF

Labels = NDArray[np.uint16]

RATE = 24.0
"""Frames a second, from Perazzi et al. (CVPR 2016)."""
VOID = 255
"""Index of pixels that DAVIS 2017 leaves undecided; its benchmark takes them as background."""
LOOKS_LIKE = (
    "DAVIS (JPEGImages/480p/SEQUENCE and Annotations/480p/SEQUENCE; ImageSets/2017/val.txt where "
    "only those sequences are meant)"
)


class DavisSequence(FileSource):
    """One sequence.

    Args:
        images: its folder of images.
        masks: its folder of annotations, PNG files of the images' names.

    Raises:
        SourceError: if there is no image.
    """

    format_name = "DAVIS sequence"
    format_description = LOOKS_LIKE

    def __init__(self, images: Path, masks: Path) -> None:
        shots = [
            FrameFiles(file, stamp_from_index(index, RATE), labels=masks / f"{file.stem}.png")
            for index, file in enumerate(list_images(images))
        ]
        super().__init__(images, shots, RATE)

    def ground_truth(self, index: int) -> Labels | None:
        """Object ids (H, W) of one frame; None where it has no annotation.

        Raises:
            FrameError: if the annotation is damaged.
        """
        path = self._files[index].labels
        return read_ids(path) if path is not None and path.exists() else None


def is_davis(path: Path) -> bool:
    """Whether a folder has the data set's layout."""
    return (path / "JPEGImages" / "480p").is_dir() and (path / "Annotations" / "480p").is_dir()


def list_davis_sequences(path: Path) -> dict[str, DavisSequence]:
    """List the sequences: those of ImageSets/2017/val.txt where it is, else all with annotations.

    Raises:
        SourceError: if the folder has another layout, or a listed sequence is not there.
    """
    images, masks = path / "JPEGImages" / "480p", path / "Annotations" / "480p"
    listed = path / "ImageSets" / "2017" / "val.txt"
    if listed.is_file():
        names = listed.read_text().split()
    else:
        names = sorted(folder.name for folder in masks.glob("*") if folder.is_dir())
    if not names:
        raise SourceError(f"{path}: holds no sequences; expected {LOOKS_LIKE}")
    return {name: DavisSequence(images / name, masks / name) for name in names}


def read_ids(path: Path) -> Labels:
    """Read an annotation.

    A palette image holds ids (DAVIS 2017). A grey one holds ids too, unless it is bright: then it
    is a mask, 0 or 255 (DAVIS 2016), of the object 1.

    Returns:
        (H, W) uint16: BACKGROUND or an object's id.

    Raises:
        FrameError: if the file is missing or damaged.
    """
    try:
        with Image.open(path) as image:
            indexed = image.mode == "P"
            values = np.asarray(image if indexed else image.convert("L")).astype(np.uint16)
    except (OSError, SyntaxError, ValueError) as error:  # Pillow's for a broken PNG is the second
        raise FrameError(f"{path}: annotation cannot be read: {error}") from None
    if not indexed and values.max(initial=0) > HALF:
        return (values > HALF).astype(np.uint16)
    return np.where(values == VOID, BACKGROUND, values).astype(np.uint16)
