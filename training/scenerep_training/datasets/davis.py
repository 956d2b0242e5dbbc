"""DAVIS: short videos with masks of one object (2016) or of several objects (2017)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import BACKGROUND
from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.image_files import list_images
from scenerep_ros.sources.timing import stamp_from_index
from scenerep_training.datasets.masked_images import MASK_THRESHOLD

Labels = NDArray[np.uint16]

RATE = 24.0
"""Frame rate [Hz], from Perazzi et al. (CVPR 2016)."""
VOID = 255
"""Index of undecided pixels in DAVIS 2017; its benchmark counts them as background."""
FORMAT_DESCRIPTION = (
    "DAVIS (JPEGImages/480p/SEQUENCE and Annotations/480p/SEQUENCE; optionally "
    "ImageSets/2017/val.txt with the sequences to use)"
)


class DavisSequence(FileSource):
    """Sequence of DAVIS.

    Args:
        images: folder of the images.
        masks: folder of the annotations, PNG files with the names of the images.

    Raises:
        SourceError: if there is no image.
    """

    format_name = "DAVIS sequence"
    format_description = FORMAT_DESCRIPTION

    def __init__(self, images: Path, masks: Path) -> None:
        files = [
            FrameFiles(image, stamp_from_index(index, RATE), labels=masks / f"{image.stem}.png")
            for index, image in enumerate(list_images(images))
        ]
        super().__init__(images, files, RATE)

    def ground_truth(self, index: int) -> Labels | None:
        """Return the object ids (H, W) of one frame, or None.

        Raises:
            FrameError: if the annotation is damaged.
        """
        path = self._files[index].labels
        return read_ids(path) if path is not None and path.exists() else None


def is_davis(path: Path) -> bool:
    """Return whether a folder has the layout of DAVIS."""
    return (path / "JPEGImages" / "480p").is_dir() and (path / "Annotations" / "480p").is_dir()


def list_davis_sequences(path: Path) -> dict[str, DavisSequence]:
    """List the sequences of ImageSets/2017/val.txt, or all annotated ones if it does not exist.

    Raises:
        SourceError: if the folder has another layout, or a listed sequence does not exist.
    """
    images, masks = path / "JPEGImages" / "480p", path / "Annotations" / "480p"
    validation_list = path / "ImageSets" / "2017" / "val.txt"
    if validation_list.is_file():
        names = validation_list.read_text().split()
    else:
        names = sorted(folder.name for folder in masks.glob("*") if folder.is_dir())
    if not names:
        raise SourceError(f"{path}: holds no sequences; expected {FORMAT_DESCRIPTION}")
    return {name: DavisSequence(images / name, masks / name) for name in names}


def read_ids(path: Path) -> Labels:
    """Read an annotation.

    A palette image contains ids (DAVIS 2017). A gray image contains ids as well, unless it is
    bright: then it is the mask, 0 or 255, of a single object with id 1 (DAVIS 2016).

    Returns:
        (H, W) uint16: BACKGROUND or an object's id.

    Raises:
        FrameError: if the file is missing or damaged.
    """
    try:
        with Image.open(path) as image:
            is_palette = image.mode == "P"
            values = np.asarray(image if is_palette else image.convert("L")).astype(np.uint16)
    except (
        OSError,
        SyntaxError,
        ValueError,
    ) as error:  # Pillow raises SyntaxError for a broken PNG
        raise FrameError(f"{path}: annotation cannot be read: {error}") from None
    if not is_palette and values.max(initial=0) > MASK_THRESHOLD:
        return (values > MASK_THRESHOLD).astype(np.uint16)
    return np.where(values == VOID, BACKGROUND, values).astype(np.uint16)
