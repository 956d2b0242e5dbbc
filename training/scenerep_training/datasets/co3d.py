"""CO3D (Reizenstein et al., ICCV 2021), version 1 or 2: walks around one object, some with masks."""

from __future__ import annotations

import gzip
import json
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import SourceError
from scenerep_ros.sources.file_source import DEFAULT_RATE, FileSource, FrameFiles, stamp_from_index
from scenerep_training.datasets.masked_images import read_mask

ANNOTATIONS = "frame_annotations.jgz"


class AnnotatedFrame(NamedTuple):
    """One line of a category's annotations; paths begin at the folder above the category."""

    sequence: str
    number: int
    image: Path
    mask: Path | None


class Co3dSequence(FileSource):
    """The frames of one sequence; its labels are 1 where the object is.

    Args:
        root: the folder above the category.
        frames: of one sequence, in order, at least one.
    """

    format_name = "CO3D sequence"
    format_description = f"CATEGORY/{ANNOTATIONS} and CATEGORY/SEQUENCE/images"

    def __init__(self, root: Path, frames: list[AnnotatedFrame]) -> None:
        shots = [
            FrameFiles(
                root / frame.image, stamp_from_index(index), labels=frame.mask and root / frame.mask
            )
            for index, frame in enumerate(frames)
        ]
        super().__init__(root / frames[0].image.parent.parent, shots, DEFAULT_RATE)

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Labels (H, W) of one frame; None where it has no mask.

        Raises:
            FrameError: if the mask is missing or damaged.
        """
        path = self._files[index].labels
        return None if path is None else read_mask(path).astype(np.uint16)


def co3d_categories(path: Path) -> list[Path]:
    """Folders of the categories: of the data set's root, or of one category itself; else none."""
    if (path / ANNOTATIONS).is_file():
        return [path.resolve()]
    return sorted(file.parent for file in path.glob(f"*/{ANNOTATIONS}"))


def list_co3d_sequences(category: Path) -> list[Co3dSequence]:
    """List the sequences of one category, with all frames, whether they have masks or not.

    Raises:
        SourceError: if the annotations are damaged.
    """
    sequences = groupby(read_annotations(category), attrgetter("sequence"))
    return [Co3dSequence(category.parent, list(frames)) for _, frames in sequences]


def read_annotations(category: Path) -> list[AnnotatedFrame]:
    """Read a category's frame annotations, sequence after sequence, frames in order.

    Raises:
        SourceError: if the annotations are damaged.
    """
    path = category / ANNOTATIONS
    try:
        return sorted(map(_frame, _entries(path)), key=lambda frame: frame[:2])
    except (AttributeError, KeyError, TypeError) as error:
        raise SourceError(f"{path}: a frame lacks {error}; expected CO3D's own file") from None


def _frame(entry: dict[str, Any]) -> AnnotatedFrame:
    mask = entry.get("mask") or {"path": None}
    return AnnotatedFrame(
        entry["sequence_name"],
        entry["frame_number"],
        Path(entry["image"]["path"]),
        Path(mask["path"]) if mask["path"] else None,
    )


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        entries = json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError) as error:
        raise SourceError(
            f"{path}: is no gzipped JSON ({error}); copy or download it again"
        ) from None
    if not isinstance(entries, list):
        raise SourceError(f"{path}: expected a list of frames, as in CO3D")
    return entries
