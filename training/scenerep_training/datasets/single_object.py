"""Sequences of one object with its mask in every frame: CO3D, and DAVIS-2016."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.errors import SourceError
from scenerep_ros.sources.folders.image_files import list_images
from scenerep_training.datasets.co3d import (
    ANNOTATIONS,
    co3d_categories,
    read_annotations,
)
from scenerep_training.datasets.masked_images import MaskedImage

FORMAT_DESCRIPTION = (
    f"CO3D (CATEGORY/{ANNOTATIONS} and CATEGORY/SEQUENCE/images) or DAVIS "
    "(JPEGImages/480p/SEQUENCE and Annotations/480p/SEQUENCE)"
)


def list_single_object(path: Path) -> dict[str, MaskedImage]:
    """List the frames of either data set.

    Args:
        path: root of the data set, or the folder of one category of CO3D.

    Returns:
        Frames by CATEGORY/SEQUENCE/FRAME or SEQUENCE/FRAME, sorted by sequence and frame.

    Raises:
        SourceError: if it is neither data set, or an annotation file is damaged.
    """
    categories = co3d_categories(path)
    if not categories:
        return list_davis(path)
    return {name: frame for category in categories for name, frame in list_co3d(category).items()}


def list_co3d(category: Path) -> dict[str, MaskedImage]:
    """List the frames of one category of CO3D that have a mask.

    Args:
        category: folder of the category; the paths in its annotations are relative to its parent.

    Raises:
        SourceError: if the annotations are damaged.
    """
    root = category.parent
    return {
        (frame.image.parent.parent / frame.image.stem).as_posix(): MaskedImage(
            root / frame.image, root / frame.mask
        )
        for frame in read_annotations(category)
        if frame.mask
    }


def list_davis(path: Path) -> dict[str, MaskedImage]:
    """List DAVIS-2016 (Perazzi et al., CVPR 2016) at 480p; a mask joins all objects of a frame.

    Raises:
        SourceError: if the folder has another layout.
    """
    images, masks = path / "JPEGImages" / "480p", path / "Annotations" / "480p"
    sequences = sorted(folder.name for folder in masks.glob("*") if folder.is_dir())
    frames = {
        f"{sequence}/{file.stem}": MaskedImage(file, masks / sequence / f"{file.stem}.png")
        for sequence in sequences
        for file in list_images(images / sequence)
    }
    if not frames:
        raise SourceError(f"{path}: holds no frames with masks; expected {FORMAT_DESCRIPTION}")
    return frames
