"""Sequence in the layout of the TUM RGB-D benchmark (Sturm et al., IROS 2012)."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import SourceError
from scenerep_ros.sources.file_source import FileSource, FrameFiles
from scenerep_ros.sources.folders.association import SLOP_NS, associate
from scenerep_ros.sources.folders.camera_file import read_calibration
from scenerep_ros.sources.folders.stamped_list import (
    StampedRow,
    read_stamped_list,
    with_distinct_stamps,
)
from scenerep_ros.sources.folders.trajectory import read_trajectory
from scenerep_ros.sources.registry import SOURCES
from scenerep_ros.sources.timing import frame_rate

log = logging.getLogger(__name__)

DEPTH_SCALE = 1 / 5000
"""Length of a unit of the benchmark's depth images [m]."""

Rows = list[StampedRow]


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
        colors = read_stamped_list(folder / "rgb.txt")
        depths = read_stamped_list(folder / "depth.txt")
        masks = read_stamped_list(folder / "masks.txt")
        depth_of, mask_of = _associate_rows(colors, depths), _associate_rows(colors, masks)
        _check_pairs(folder, len(depth_of), colors, depths)
        trajectory = read_trajectory(folder / "groundtruth.txt")
        stamps = [row.stamp_ns for row in with_distinct_stamps(colors, folder / "rgb.txt")]
        files = [
            FrameFiles(
                color=list_entry(folder, colors[index].value),
                stamp_ns=stamps[index],
                depth=list_entry(folder, depths[depth_index].value),
                labels=_mask_path(folder, masks, mask_of.get(index)),
                pose=trajectory.interpolate(colors[index].stamp_ns) if trajectory else None,
            )
            for index, depth_index in depth_of.items()
        ]
        rate = frame_rate([each.stamp_ns for each in files])
        super().__init__(folder, files, rate, read_calibration(folder, DEPTH_SCALE))

    @classmethod
    def matches(cls, path: Path) -> bool:
        """Return whether both list files exist."""
        return (path / "rgb.txt").is_file() and (path / "depth.txt").is_file()


def list_entry(folder: Path, value: str) -> Path:
    """Return the path of the image that a row names.

    A name may contain blanks, be quoted, use backslashes, be followed by further columns, or be the
    absolute path on the machine of the recording.
    """
    name = value.strip("\"'")
    first = re.split(r"[\s,;]", name, maxsplit=1)[0]
    names = (name, name.replace("\\", "/"), first)
    parts = Path(names[1]).parts
    tails = ["/".join(parts[-count:]) for count in (2, 1)]
    candidates = [folder / each for each in (*names, *tails)]
    return next((path for path in candidates if _is_file(path)), candidates[0])


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name that is too long
        return False


def _mask_path(folder: Path, masks: Rows, index: int | None) -> Path | None:
    return None if index is None else list_entry(folder, masks[index].value)


def _associate_rows(first: Rows, second: Rows) -> dict[int, int]:
    """Map indices of the first list to the associated indices of the second list."""
    return dict(associate(_stamps(first), _stamps(second)))


def _stamps(rows: Rows) -> NDArray[np.int64]:
    return np.array([row.stamp_ns for row in rows], np.int64)


def _check_pairs(folder: Path, pair_count: int, colors: Rows, depths: Rows) -> None:
    slop_ms = SLOP_NS // 10**6
    for name, rows in (("rgb.txt", colors), ("depth.txt", depths)):
        if not rows:
            raise SourceError(
                f"{folder / name}: lists no image; write a line of stamp and file name for each"
            )
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
