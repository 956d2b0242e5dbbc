"""CO3D (Reizenstein et al., ICCV 2021), version 1 or 2: sequences around one object."""

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
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.timing import DEFAULT_RATE, stamp_from_index
from scenerep_training.datasets.masked_images import read_mask

ANNOTATIONS = "frame_annotations.jgz"


class AnnotatedFrame(NamedTuple):
    """Entry of a category's annotations; paths are relative to the parent folder of the category.

    Attributes:
        sequence: name of the sequence.
        number: number of the frame.
        image: color image.
        mask: mask of the object, or None.
    """

    sequence: str
    number: int
    image: Path
    mask: Path | None


class Co3dSequence(FileSource):
    """Frames of one sequence; the label of the object is 1.

    Args:
        root: parent folder of the category.
        frames: frames of one sequence, in order, at least one.
    """

    format_name = "CO3D sequence"
    format_description = f"CATEGORY/{ANNOTATIONS} and CATEGORY/SEQUENCE/images"

    def __init__(self, root: Path, frames: list[AnnotatedFrame]) -> None:
        files = [
            FrameFiles(
                root / frame.image, stamp_from_index(index), labels=frame.mask and root / frame.mask
            )
            for index, frame in enumerate(frames)
        ]
        super().__init__(root / frames[0].image.parent.parent, files, DEFAULT_RATE)

    def ground_truth(self, index: int) -> NDArray[np.uint16] | None:
        """Return the labels (H, W) of one frame, or None.

        Raises:
            FrameError: if the mask is missing or damaged.
        """
        path = self._files[index].labels
        return None if path is None else read_mask(path).astype(np.uint16)


def co3d_categories(path: Path) -> list[Path]:
    """Return the folders of the categories below a path, which may be a category itself."""
    if (path / ANNOTATIONS).is_file():
        return [path.resolve()]
    return sorted(file.parent for file in path.glob(f"*/{ANNOTATIONS}"))


def list_co3d_sequences(category: Path) -> list[Co3dSequence]:
    """List the sequences of one category, with all frames, also those without masks.

    Raises:
        SourceError: if the annotations are damaged.
    """
    sequences = groupby(read_annotations(category), attrgetter("sequence"))
    return [Co3dSequence(category.parent, list(frames)) for _, frames in sequences]


def read_annotations(category: Path) -> list[AnnotatedFrame]:
    """Read the frame annotations of a category, sorted by sequence and frame number.

    Raises:
        SourceError: if the annotations are damaged.
    """
    path = category / ANNOTATIONS
    try:
        return sorted(map(_annotated_frame, read_entries(path)), key=lambda frame: frame[:2])
    except (AttributeError, KeyError, TypeError) as error:
        raise SourceError(f"{path}: a frame lacks {error}; expected CO3D's own file") from None


def _annotated_frame(entry: dict[str, Any]) -> AnnotatedFrame:
    mask = entry.get("mask") or {"path": None}
    return AnnotatedFrame(
        entry["sequence_name"],
        entry["frame_number"],
        Path(entry["image"]["path"]),
        Path(mask["path"]) if mask["path"] else None,
    )


def write_entries(path: Path, entries: list[dict[str, Any]]) -> None:
    """Write the entries of an annotation file; equal entries give equal files.

    Raises:
        ScenerepError: if the file cannot be written.
    """
    write_atomically(path, gzip.compress(json.dumps(entries).encode(), mtime=0))


def read_entries(path: Path) -> list[dict[str, Any]]:
    """Read the entries of an annotation file as they are.

    Raises:
        SourceError: if the file is missing or damaged.
    """
    try:
        entries = json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError) as error:
        raise SourceError(
            f"{path}: is no gzipped JSON ({error}); copy or download it again"
        ) from None
    if not isinstance(entries, list):
        raise SourceError(f"{path}: expected a list of frames, as in CO3D")
    return entries
