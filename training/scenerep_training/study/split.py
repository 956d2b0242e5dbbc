"""Division of a data set of single objects into training and test sequences, without copies."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.errors import SourceError
from scenerep_training.datasets.co3d import (
    ANNOTATIONS,
    co3d_categories,
    read_entries,
    write_entries,
)
from scenerep_training.datasets.davis import FORMAT_DESCRIPTION, is_davis

PARTS = ("train", "test")
DAVIS_FOLDERS = ("JPEGImages/480p", "Annotations/480p")


def split_sequences(data: Path, folder: Path) -> tuple[Path, Path]:
    """Divide the sequences alternately, in the order of their names; CO3D within each category.

    Each part has the layout of the data, with links to their files. A category with a single sequence
    is in the training part alone.

    Args:
        data: CO3D, one of its categories, or DAVIS.
        folder: parent of the two parts.

    Returns:
        Folders of the training and of the test part.

    Raises:
        SourceError: if the data have another layout, or too few sequences.
    """
    data = data.expanduser().resolve()
    if categories := co3d_categories(data):
        tests = sum(_split_category(category, folder) for category in categories)
    elif is_davis(data):
        tests = _split_davis(data, folder)
    else:
        raise SourceError(
            f"{data}: is neither CO3D (CATEGORY/{ANNOTATIONS}) nor {FORMAT_DESCRIPTION}"
        )
    if not tests:
        raise SourceError(
            f"{data}: has no two sequences of one category; one trains and another one tests"
        )
    return folder / PARTS[0], folder / PARTS[1]


def _split_davis(data: Path, folder: Path) -> int:
    """Link the sequences; return the number of test sequences."""
    masks = data / DAVIS_FOLDERS[1]
    sequences = sorted(path.name for path in masks.iterdir() if path.is_dir())
    for index, name in enumerate(sequences):
        for kind in DAVIS_FOLDERS:
            _link(data / kind / name, folder / PARTS[index % 2] / kind / name)
    return len(sequences) // 2


def _split_category(category: Path, folder: Path) -> int:
    """Link the sequences and divide the annotations; return the number of test sequences."""
    entries = read_entries(category / ANNOTATIONS)
    names = sorted({entry["sequence_name"] for entry in entries})
    for index, part in enumerate(PARTS):
        chosen = names[index::2]
        if not chosen:
            continue
        target = folder / part / category.name
        for name in chosen:
            _link(category / name, target / name)
        write_entries(target / ANNOTATIONS, [e for e in entries if e["sequence_name"] in chosen])
    return len(names[1::2])


def _link(target: Path, link: Path) -> None:
    """Create a link, or replace one that points elsewhere."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.readlink() != target:
        link.unlink()
    if not link.exists():
        link.symlink_to(target, target_is_directory=True)
