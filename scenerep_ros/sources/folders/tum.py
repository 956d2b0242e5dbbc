"""A sequence in the layout of the TUM RGB-D benchmark (Sturm et al., IROS 2012)."""

from __future__ import annotations

import logging
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np

from scenerep_ros.errors import SourceError
from scenerep_ros.sources.file_source import DEFAULT_RATE, FileSource, Shot
from scenerep_ros.sources.folders.association import SLOP_NS, associate
from scenerep_ros.sources.folders.camera_file import read_camera
from scenerep_ros.sources.folders.trajectory import Trajectory

log = logging.getLogger(__name__)

DEPTH_SCALE = 1 / 5000
"""Metres a unit of the benchmark's depth images."""

Rows = dict[int, list[str]]
"""Fields of a list's lines by stamp, nanoseconds, in order of time."""


class TumFolder(FileSource):
    """rgb.txt, depth.txt; optional groundtruth.txt (poses), masks.txt (labels), camera.json.

    Colour and depth are paired by `associate`; poses are interpolated at the colour image's stamp.
    Labels are instance ids, 0 = background.

    Raises:
        SourceError: if a list is malformed, or no colour image has a depth image.
    """

    kind = "TUM folder"
    looks_like = "a folder with rgb.txt and depth.txt"

    def __init__(self, folder: Path) -> None:
        colors, depths = _read_list(folder / "rgb.txt"), _read_list(folder / "depth.txt")
        masks = _read_list(folder / "masks.txt")
        depth_of, mask_of = _matches(colors, depths), _matches(colors, masks)
        _check_pairs(folder, len(depth_of), colors, depths)
        trajectory = _read_trajectory(folder / "groundtruth.txt")
        shots = [
            Shot(
                color=folder / colors[stamp][0],
                stamp_ns=stamp,
                depth=folder / depths[depth][0],
                labels=folder / masks[mask_of[stamp]][0] if stamp in mask_of else None,
                pose=trajectory.pose(stamp) if trajectory else None,
            )
            for stamp, depth in depth_of.items()
        ]
        super().__init__(folder, shots, _rate(list(depth_of)), read_camera(folder, DEPTH_SCALE))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Whether both lists are there."""
        return (path / "rgb.txt").is_file() and (path / "depth.txt").is_file()


def _read_list(path: Path) -> Rows:
    """Read lines of a stamp in seconds and fields, separated by blanks or commas."""
    rows: Rows = {}
    for number, line in enumerate(_lines(path), start=1):
        fields = line.replace(",", " ").split()
        if not fields or fields[0].startswith("#"):
            continue
        try:
            stamp = int(Decimal(fields[0]) * 10**9)
        except (InvalidOperation, ValueError, OverflowError):
            stamp = None
        if stamp is None or len(fields) < 2:
            raise SourceError(f"{path}, line {number}: {line!r}: expected a stamp and a file name")
        rows[stamp] = fields[1:]
    return dict(sorted(rows.items()))


def _lines(path: Path) -> list[str]:
    if not path.exists():
        return []
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: cannot be read as text: {error}") from None


def _matches(first: Rows, second: Rows) -> dict[int, int]:
    """Stamps of second by stamps of first."""
    ours, theirs = np.array(list(first), np.int64), np.array(list(second), np.int64)
    return {int(ours[i]): int(theirs[j]) for i, j in associate(ours, theirs)}


def _check_pairs(folder: Path, pairs: int, colors: Rows, depths: Rows) -> None:
    slop = SLOP_NS // 10**6
    if not pairs:
        raise SourceError(
            f"{folder}: none of {len(colors)} colour and {len(depths)} depth images are within "
            f"{slop} ms of each other; are the stamps in rgb.txt and depth.txt of one clock?"
        )
    if pairs < len(colors):
        log.warning(
            "%s: %d of %d colour images have no depth image within %d ms and are left out",
            folder,
            len(colors) - pairs,
            len(colors),
            slop,
        )


def _read_trajectory(path: Path) -> Trajectory | None:
    rows = _read_list(path)
    if not rows:
        return None
    try:
        values = np.array(list(rows.values()), np.float64)
        return Trajectory(np.array(list(rows), np.int64), values[:, :3], values[:, 3:])
    except (ValueError, IndexError) as error:
        raise SourceError(
            f"{path}: expected lines of stamp tx ty tz qx qy qz qw, at least two: {error}"
        ) from None


def _rate(stamps: list[int]) -> float:
    """Frames a second."""
    if len(stamps) < 2:
        return DEFAULT_RATE
    return (len(stamps) - 1) * 1e9 / (stamps[-1] - stamps[0])
