"""True objects of a labelled recording: their visible boxes, and the changes between two recordings."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame
from scenerep_ros.geometry import Box, deproject, upright_box

Labels = NDArray[np.uint16]

OBJECTS_FILE = "objects.json"
"""File of a rendered recording that describes its objects."""
STEP_PX = 4
"""Distance of the pixels that contribute points to a true box [px]."""
MIN_POINTS = 25
"""Number of these pixels from which a frame shows an object: 400 pixels of 640x480."""
MIN_FRAMES = 3
"""Number of frames that must show an object before a map is expected to hold it."""
VOXEL_M = 0.02
MIN_MOVE_M = 0.01
"""Distance from which an object has moved: positions are stored with a tenth of a millimeter."""
UP = np.array([0, 0, 1], np.float32)


class TrueObjects:
    """Visible surfaces of the labelled objects of a recording.

    Args:
        max_range: depth beyond which pixels are left out [m].
    """

    def __init__(self, max_range: float) -> None:
        self._max_range = max_range
        self._frames: Counter[int] = Counter()
        self._points: dict[int, list[NDArray[np.float32]]] = {}

    def add(self, frame: RGBDFrame, truth: Labels) -> None:
        """Add a frame with depth, intrinsics and its true pose."""
        assert frame.depth is not None
        assert frame.intrinsics is not None
        assert frame.pose is not None
        depth, labels = frame.depth[::STEP_PX, ::STEP_PX], truth[::STEP_PX, ::STEP_PX]
        points = deproject(depth, frame.intrinsics.subsampled(STEP_PX))
        is_near = depth < self._max_range
        for label in np.unique(labels[is_near]).tolist():
            mask = is_near & (labels == label)
            if label in (BACKGROUND, UNLABELLED) or mask.sum() < MIN_POINTS:
                continue
            world = points[mask] @ frame.pose[:3, :3].T + frame.pose[:3, 3]
            self._points.setdefault(label, []).append(world.astype(np.float32))
            self._frames[label] += 1

    def boxes(self) -> dict[int, Box]:
        """Return the box of the visible surface of each object that enough frames show."""
        boxes = {
            label: upright_box(_one_per_voxel(np.concatenate(parts)), UP)
            for label, parts in self._points.items()
            if self._frames[label] >= MIN_FRAMES
        }
        return {label: box for label, box in boxes.items() if box is not None}


def _one_per_voxel(points: NDArray[np.float32]) -> NDArray[np.float32]:
    _, first = np.unique(np.floor(points / VOXEL_M).astype(np.int32), axis=0, return_index=True)
    return points[first]


@dataclass(frozen=True)
class TrueChanges:
    """Labels of the objects that differ between two recordings of a room.

    Attributes:
        added: objects of the second alone.
        removed: objects of the first alone.
        moved: objects at another place in the second.
        names: names of all objects by label.
    """

    added: frozenset[int]
    removed: frozenset[int]
    moved: frozenset[int]
    names: dict[int, str]


def read_changes(before: Path, after: Path) -> TrueChanges:
    """Compare the files objects.json of two recordings.

    Raises:
        SourceError: if one is missing or damaged.
    """
    first, second = read_objects(before), read_objects(after)
    shared = first.keys() & second.keys()
    moved = {
        label
        for label in shared
        if np.linalg.norm(np.subtract(first[label]["center"], second[label]["center"])) > MIN_MOVE_M
    }
    names = {label: str(entry["name"]) for label, entry in (first | second).items()}
    return TrueChanges(
        frozenset(second.keys() - shared),
        frozenset(first.keys() - shared),
        frozenset(moved),
        names,
    )


def read_objects(folder: Path) -> dict[int, dict]:
    """Return the entries of a recording's objects.json by the label that the source gives them.

    Raises:
        SourceError: if the file is missing or damaged.
    """
    path = folder / OBJECTS_FILE
    try:
        entries = json.loads(path.read_text())
        return {int(label) - 1: entry for label, entry in entries.items()}  # 1 is structure
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: cannot be read: {error}; render the recording again") from error
