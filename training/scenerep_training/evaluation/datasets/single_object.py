"""Sequences of one object, with its mask in every frame: CO3D, and DAVIS-2016."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from scenerep_ros.errors import SourceError
from scenerep_ros.sources.image_files import list_images
from scenerep_training.evaluation.datasets.masked_images import MaskedImage

ANNOTATIONS = "frame_annotations.jgz"
LOOKS_LIKE = (
    f"CO3D (CATEGORY/{ANNOTATIONS} and CATEGORY/SEQUENCE/images) or DAVIS "
    "(JPEGImages/480p/SEQUENCE and Annotations/480p/SEQUENCE)"
)


def list_single_object(path: Path) -> dict[str, MaskedImage]:
    """List the frames of either data set.

    Args:
        path: the data set's root; of CO3D also the folder of one category.

    Returns:
        By CATEGORY/SEQUENCE/FRAME, or SEQUENCE/FRAME; sequence after sequence, frames in order.

    Raises:
        SourceError: if it is neither, or an annotation file is damaged.
    """
    if (path / ANNOTATIONS).is_file():
        return list_co3d(path.resolve())
    categories = sorted(file.parent for file in path.glob(f"*/{ANNOTATIONS}"))
    if categories:
        lists = [list_co3d(category) for category in categories]
        return {name: frame for frames in lists for name, frame in frames.items()}
    return list_davis(path)


def list_co3d(category: Path) -> dict[str, MaskedImage]:
    """List one category of CO3D (Reizenstein et al., ICCV 2021), version 1 or 2.

    Frames without a mask in the annotations are left out: the data set has none for them.

    Args:
        category: its folder; paths in its annotations begin at the folder above.

    Raises:
        SourceError: if the annotations are damaged.
    """
    frames = _annotated(category / ANNOTATIONS)
    try:
        masked = [frame for frame in frames if frame.get("mask") and frame["mask"]["path"]]
        masked.sort(key=lambda frame: (frame["sequence_name"], frame["frame_number"]))
        paths = [(Path(frame["image"]["path"]), Path(frame["mask"]["path"])) for frame in masked]
    except (AttributeError, KeyError, TypeError) as error:
        raise SourceError(
            f"{category / ANNOTATIONS}: a frame lacks {error}; expected CO3D's own file"
        ) from None
    root = category.parent
    return {
        (image.parent.parent / image.stem).as_posix(): MaskedImage(root / image, root / mask)
        for image, mask in paths
    }


def list_davis(path: Path) -> dict[str, MaskedImage]:
    """List DAVIS-2016 (Perazzi et al., CVPR 2016) at 480p; any object of a mask is the object.

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
        raise SourceError(f"{path}: holds no frames with masks; expected {LOOKS_LIKE}")
    return frames


def _annotated(path: Path) -> list[dict[str, Any]]:
    try:
        frames = json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError) as error:
        raise SourceError(
            f"{path}: is no gzipped JSON ({error}); copy or download it again"
        ) from None
    if not isinstance(frames, list):
        raise SourceError(f"{path}: expected a list of frames, as in CO3D")
    return frames
