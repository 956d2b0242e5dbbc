"""Images sorted into folders by class and split, like ImageNet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import SourceError
from scenerep_ros.sources.folders.image_files import list_images

TRAIN, VAL = "train", "val"
FORMAT_DESCRIPTION = "train/CLASS/*.jpg and val/CLASS/*.jpg, as in ImageNet"
MAX_LISTED_CLASSES = 5


@dataclass(frozen=True)
class ImageClasses:
    """Classes and images of a folder.

    Attributes:
        classes: names of the classes, sorted; a label is an index into them.
        train: names of the training images, SPLIT/CLASS/FILE, sorted by class.
        val: names of the validation images.
    """

    classes: list[str]
    train: list[str]
    val: list[str]

    def labels(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return the label (n,) of each image."""
        index = {name: label for label, name in enumerate(self.classes)}
        return np.array([index[class_of(name)] for name in names], np.int64)


def class_of(name: str) -> str:
    """Return the class in the name of an image.

    >>> class_of("val/bear/00001.jpg")
    'bear'
    """
    return name.split("/")[1]


def list_image_classes(path: Path, per_class: int | None = None) -> ImageClasses:
    """List the images of both splits.

    Args:
        path: folder with `train` and `val`.
        per_class: maximum number of images per class and split.

    Raises:
        SourceError: if a split has no image, or `val` has a class that `train` lacks.
    """
    train, val = (_list_split(path, split, per_class) for split in (TRAIN, VAL))
    classes = sorted({class_of(name) for name in train})
    unknown = sorted({class_of(name) for name in val} - set(classes))
    if unknown:
        raise SourceError(
            f"{path}: val has images of {', '.join(unknown[:MAX_LISTED_CLASSES])}, of which train "
            "has none; both need the same classes"
        )
    return ImageClasses(classes, train, val)


def _list_split(path: Path, split: str, per_class: int | None) -> list[str]:
    folders = sorted(folder for folder in (path / split).glob("*") if folder.is_dir())
    names = [
        f"{split}/{folder.name}/{image.name}"
        for folder in folders
        for image in list_images(folder)[:per_class]
    ]
    if not names:
        raise SourceError(
            f"{path}: {split} holds no image of any class; expected {FORMAT_DESCRIPTION}"
        )
    return names
