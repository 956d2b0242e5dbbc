"""Tree of recorded transforms between coordinate frames, as tf keeps it (REP 105)."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from scenerep_ros.config.constants import tuned

Pose = NDArray[np.float64]

_NS_PER_S = 1e9  # constant: unit


@dataclass(frozen=True)
class TransformTreeConstants:
    """Tuned constants of recorded transforms."""

    max_gap_s: float = tuned(
        0.5,
        "time between two transforms of a frame up to which poses between them are interpolated",
        unit="s",
        set_on="argument: a localization of 2 Hz; a robot turns by 30 degrees in this time",
    )


CONSTANTS = TransformTreeConstants()


@dataclass
class _Edge:
    """Transforms from one frame to its parent.

    Attributes:
        parent: name of the parent.
        is_static: whether the transform holds at all times.
        samples: stamp [ns], translation (3,) [m] and quaternion (4,), x y z w.
    """

    parent: str
    is_static: bool
    samples: list[tuple[int, tuple[float, ...], tuple[float, ...]]] = field(default_factory=list)
    stamps_ns: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def pose(self, stamp_ns: int) -> Pose | None:
        """Return the transform (4, 4) to the parent, or None where it is unknown."""
        if self.is_static:
            return _matrix(*self.samples[-1][1:])
        if len(self.stamps_ns) != len(self.samples):
            self.samples.sort(key=lambda sample: sample[0])
            self.stamps_ns = np.array([sample[0] for sample in self.samples], np.int64)
        after = int(np.searchsorted(self.stamps_ns, stamp_ns))
        if after < len(self.samples) and self.stamps_ns[after] == stamp_ns:
            return _matrix(*self.samples[after][1:])
        if after in (0, len(self.samples)):
            return None
        first, second = self.samples[after - 1], self.samples[after]
        if second[0] - first[0] > CONSTANTS.max_gap_s * _NS_PER_S:
            return None
        ratio = (stamp_ns - first[0]) / (second[0] - first[0])
        position = (1 - ratio) * np.array(first[1]) + ratio * np.array(second[1])
        turns = Slerp([0, 1], Rotation.from_quat([first[2], second[2]]))
        return _matrix(tuple(position), tuple(turns(ratio).as_quat()))


class TransformTree:
    """Transforms by the name of the child frame, without leading slashes."""

    def __init__(self) -> None:
        self._edges: dict[str, _Edge] = {}

    def add(
        self,
        parent: str,
        child: str,
        stamp_ns: int,
        translation: tuple[float, ...],
        quaternion: tuple[float, ...],
        is_static: bool = False,
    ) -> None:
        """Add the transform of points from a child to its parent; one that is no pose is left out.

        Args:
            parent: name of the parent.
            child: name of the child.
            stamp_ns: time [ns].
            translation: x, y, z [m].
            quaternion: x, y, z, w.
            is_static: whether it holds at all times.
        """
        if not _is_pose(translation, quaternion):
            return
        parent, child = parent.lstrip("/"), child.lstrip("/")
        if child not in self._edges or self._edges[child].parent != parent:
            self._edges[child] = _Edge(parent, is_static)
        self._edges[child].samples.append((stamp_ns, translation, quaternion))

    def root(self, frame_id: str) -> str:
        """Return the last frame of the chain of parents; the frame itself without a parent."""
        visited = {frame_id}
        while frame_id in self._edges and self._edges[frame_id].parent not in visited:
            frame_id = self._edges[frame_id].parent
            visited.add(frame_id)
        return frame_id

    def pose(self, frame_id: str, stamp_ns: int) -> Pose | None:
        """Return the transform (4, 4) from a frame to its root at a time.

        None if the frame has no parent, or a transform is unknown at this time: before the first
        and after the last one, or in a gap.
        """
        root, pose = self.root(frame_id), np.eye(4)
        if root == frame_id:
            return None
        while frame_id != root:
            edge = self._edges[frame_id]
            step = edge.pose(stamp_ns)
            if step is None:
                return None
            pose, frame_id = step @ pose, edge.parent
        return pose


def _is_pose(translation: tuple[float, ...], quaternion: tuple[float, ...]) -> bool:
    """Return whether all numbers are finite and the quaternion has a length, as tf requires."""
    squared_length = sum(value * value for value in quaternion)
    return all(map(isfinite, translation)) and 0 < squared_length < inf


def _matrix(translation: tuple[float, ...], quaternion: tuple[float, ...]) -> Pose:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_quat(quaternion).as_matrix()
    matrix[:3, 3] = translation
    return matrix
