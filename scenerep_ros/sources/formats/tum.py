"""Sequence in the layout of the TUM RGB-D benchmark (Sturm et al., IROS 2012)."""

from __future__ import annotations

import logging
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np

from scenerep_ros.errors import SourceError
from scenerep_ros.sources.file_source import DEFAULT_RATE, FileSource, FrameFiles
from scenerep_ros.sources.folders.association import SLOP_NS, associate
from scenerep_ros.sources.folders.camera_file import read_calibration
from scenerep_ros.sources.folders.trajectory import Trajectory
from scenerep_ros.sources.registry import SOURCES

log = logging.getLogger(__name__)

DEPTH_SCALE = 1 / 5000
"""Length of a unit of the benchmark's depth images [m]."""

Rows = dict[int, list[str]]
"""Fields of the lines of a list file by stamp [ns], in order of time."""


@SOURCES.register("tum")
class TumFolder(FileSource):
    """rgb.txt, depth.txt; optional groundtruth.txt (poses), masks.txt (labels), camera.json.

    `associate` pairs color and depth; poses are interpolated at the stamp of the color image.
    Labels are instance ids, 0 = background.

    Raises:
        SourceError: if a list is malformed, or no color image has a depth image.
    """

    format_name = "TUM folder"
    format_description = "a folder with rgb.txt and depth.txt"
    detection_priority = 70

    def __init__(self, folder: Path) -> None:
        colors, depths = _read_list(folder / "rgb.txt"), _read_list(folder / "depth.txt")
        masks = _read_list(folder / "masks.txt")
        depth_of, mask_of = _associate_rows(colors, depths), _associate_rows(colors, masks)
        _check_pairs(folder, len(depth_of), colors, depths)
        trajectory = _read_trajectory(folder / "groundtruth.txt")
        files = [
            FrameFiles(
                color=folder / colors[stamp][0],
                stamp_ns=stamp,
                depth=folder / depths[depth][0],
                labels=folder / masks[mask_of[stamp]][0] if stamp in mask_of else None,
                pose=trajectory.interpolate(stamp) if trajectory else None,
            )
            for stamp, depth in depth_of.items()
        ]
        calibration = read_calibration(folder, DEPTH_SCALE)
        super().__init__(folder, files, _frame_rate(list(depth_of)), calibration)

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether both list files exist."""
        return (path / "rgb.txt").is_file() and (path / "depth.txt").is_file()


def _read_list(path: Path) -> Rows:
    """Read lines of a stamp [s] and other fields, separated by blanks or commas."""
    rows: Rows = {}
    for number, line in enumerate(_read_lines(path), start=1):
        stamp_text, *fields = line.replace(",", " ").split() or ["#"]
        if stamp_text.startswith("#"):
            continue
        stamp = _parse_stamp(stamp_text)
        if stamp is None or not fields:
            raise SourceError(f"{path}, line {number}: {line!r}: expected a stamp and a file name")
        rows[stamp] = fields
    return dict(sorted(rows.items()))


def _parse_stamp(text: str) -> int | None:
    """Return a stamp [ns] from its text [s], or None if the text is not a number."""
    try:
        return int(Decimal(text) * 10**9)
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _read_lines(path: Path) -> list[str]:
    if not path.exists():
        return []
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: cannot be read as text: {error}") from None


def _associate_rows(first: Rows, second: Rows) -> dict[int, int]:
    """Map stamps of the first list to associated stamps of the second list."""
    first_stamps, second_stamps = np.array(list(first), np.int64), np.array(list(second), np.int64)
    return {
        int(first_stamps[i]): int(second_stamps[j])
        for i, j in associate(first_stamps, second_stamps)
    }


def _check_pairs(folder: Path, pair_count: int, colors: Rows, depths: Rows) -> None:
    slop_ms = SLOP_NS // 10**6
    if not pair_count:
        raise SourceError(
            f"{folder}: none of {len(colors)} color and {len(depths)} depth images are within "
            f"{slop_ms} ms of each other; are the stamps in rgb.txt and depth.txt of one clock?"
        )
    if pair_count < len(colors):
        log.warning(
            "%s: %d of %d color images have no depth image within %d ms and are left out",
            folder,
            len(colors) - pair_count,
            len(colors),
            slop_ms,
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


def _frame_rate(stamps: list[int]) -> float:
    """Return the mean frame rate [Hz] of sorted stamps [ns]."""
    interval_count = len(stamps) - 1
    if interval_count < 1:
        return DEFAULT_RATE
    return interval_count * 1e9 / (stamps[-1] - stamps[0])
