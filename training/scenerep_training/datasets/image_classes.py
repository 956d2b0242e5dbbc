"""Images sorted into folders by class, split for training and validation, as ImageNet is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import SourceError
from scenerep_ros.sources.folders.image_files import list_images

TRAIN, VAL = "train", "val"
LOOKS_LIKE = "train/CLASS/*.jpg and val/CLASS/*.jpg, as ImageNet has them"


@dataclass(frozen=True)
class ImageClasses:
    """What such a folder holds.

    Attributes:
        classes: in order of name; a label is an index into them.
        train, val: names of the images, SPLIT/CLASS/FILE, class after class.
    """

    classes: list[str]
    train: list[str]
    val: list[str]

    def labels(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Label of each image, (n,)."""
        index = {name: label for label, name in enumerate(self.classes)}
        return np.array([index[class_of(name)] for name in names], np.int64)


def class_of(name: str) -> str:
    """Class of an image by its name.

    >>> class_of("val/bear/00001.jpg")
    'bear'
    """
    return name.split("/")[1]


def list_image_classes(path: Path, per_class: int | None = None) -> ImageClasses:
    """List the images.

    Args:
        path: folder with `train` and `val`.
        per_class: only the first so many of each class and split.

    Raises:
        SourceError: if a split has no image, or `val` a class that `train` lacks.
    """
    train, val = (_split(path, split, per_class) for split in (TRAIN, VAL))
    classes = sorted({class_of(name) for name in train})
    unknown = sorted({class_of(name) for name in val} - set(classes))
    if unknown:
        raise SourceError(
            f"{path}: val has images of {', '.join(unknown[:5])}, of which train has none; "
            "both need the same classes"
        )
    return ImageClasses(classes, train, val)


def _split(path: Path, split: str, per_class: int | None) -> list[str]:
    folders = sorted(folder for folder in (path / split).glob("*") if folder.is_dir())
    names = [
        f"{split}/{folder.name}/{image.name}"
        for folder in folders
        for image in list_images(folder)[:per_class]
    ]
    if not names:
        raise SourceError(f"{path}: {split} holds no image of any class; expected {LOOKS_LIKE}")
    return names
