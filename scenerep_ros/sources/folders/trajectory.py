"""Interpolation of camera poses over time."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from scenerep_ros.config.constants import tuned
from scenerep_ros.errors import SourceError
from scenerep_ros.sources.folders.stamped_list import read_stamped_list

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrajectoryConstants:
    """Tuned constants of pose interpolation."""

    max_gap_ns: int = tuned(
        200_000_000,
        "maximum time between two poses that are interpolated; a motion capture system that lost "
        "its target leaves longer gaps",
        unit="ns",
        set_on="not recorded",
    )


CONSTANTS = TrajectoryConstants()
POSE_LENGTH = 7
"""Numbers of a pose: tx ty tz qx qy qz qw."""
IDENTITY = (0.0, 0.0, 0.0, 1.0)
"""Quaternion x y z w of no rotation."""


class Trajectory:
    """Poses over time, interpolated linearly in position and spherically in rotation.

    Numbers that are no pose, see `are_poses`, state that tracking was lost: there is no pose at their
    stamp and up to the poses before and after it.

    Args:
        stamps: (N,) int64 [ns], in any order.
        positions: (N, 3) float64 [m].
        quaternions: (N, 4) float64, x y z w, of any norm.

    Raises:
        ValueError: if there are fewer than two different stamps.
    """

    def __init__(
        self,
        stamps: NDArray[np.int64],
        positions: NDArray[np.float64],
        quaternions: NDArray[np.float64],
    ) -> None:
        self._stamps, order = np.unique(stamps, return_index=True)
        positions, quaternions = positions[order], quaternions[order]
        self._is_valid = are_poses(np.hstack([positions, quaternions]))
        is_invalid = ~self._is_valid[:, None]
        self._positions = np.where(is_invalid, 0.0, positions)
        rotations = Rotation.from_quat(np.where(is_invalid, IDENTITY, quaternions))
        self._rotations = Slerp(self._elapsed_s(self._stamps), rotations)

    def interpolate(self, stamp_ns: int) -> NDArray[np.float64] | None:
        """Return the pose (4, 4), camera to world, at a stamp; None outside and in long gaps."""
        index_after = int(np.searchsorted(self._stamps, stamp_ns))
        if index_after == len(self._stamps) or stamp_ns < self._stamps[0]:
            return None
        is_at_pose = self._stamps[index_after] == stamp_ns
        first = index_after if is_at_pose else index_after - 1
        gap_ns = self._stamps[index_after] - self._stamps[first]
        if gap_ns > CONSTANTS.max_gap_ns or not self._is_valid[first : index_after + 1].all():
            return None
        time_s = self._elapsed_s(np.int64(stamp_ns))
        times_s = self._elapsed_s(self._stamps)
        pose = np.eye(4)
        pose[:3, :3] = self._rotations(time_s).as_matrix()
        pose[:3, 3] = [np.interp(time_s, times_s, axis) for axis in self._positions.T]
        return pose

    def _elapsed_s(self, stamps: NDArray[np.int64] | np.int64) -> NDArray[np.float64]:
        """Convert stamps [ns] to the time since the first pose [s], which float64 resolves."""
        return (stamps - self._stamps[0]) * 1e-9


def read_trajectory(path: Path) -> Trajectory | None:
    """Read a list of poses; None if the file does not exist, or has fewer than two poses.

    A row that is not a pose states that tracking was lost, so frames at its time have no pose.
    """
    try:
        rows = read_stamped_list(path)
    except SourceError as error:
        log.warning("%s; so frames have no poses", error)
        return None
    if not rows:
        return None
    poses = np.array([_parse_pose(row.value) for row in rows])
    is_bad = ~are_poses(poses)
    if is_bad.any():
        log.warning(
            "%s: %d of %d rows are no poses, as tracking was lost; frames at their time have none",
            path,
            is_bad.sum(),
            len(rows),
        )
    try:
        return Trajectory(
            np.array([row.stamp_ns for row in rows], np.int64), poses[:, :3], poses[:, 3:]
        )
    except ValueError:
        log.warning(
            "%s: expected lines of stamp tx ty tz qx qy qz qw, at least two; so frames have "
            "no poses",
            path,
        )
        return None


def are_poses(numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which rows (N, 7) of position and quaternion are poses, (N,).

    Values that float32 cannot hold, such as NaN, are none, and neither is a quaternion of length 0.
    """
    with np.errstate(over="ignore"):
        values = numbers.astype(np.float32)
    return np.asarray(np.isfinite(values).all(axis=1) & values[:, 3:].any(axis=1), np.bool_)


def _parse_pose(text: str) -> list[float]:
    """Return the seven numbers of a pose, NaN if the text is not a pose."""
    try:
        numbers = [float(word) for word in re.split(r"[\s,;]+", text)[:POSE_LENGTH]]
    except ValueError:
        numbers = []
    return numbers if len(numbers) == POSE_LENGTH else [np.nan] * POSE_LENGTH


def read_pose_rows(path: Path) -> list[tuple[int, NDArray[np.float64] | None]]:
    """Read stamp [ns] and pose (4, 4), camera to world, of each row; [] if there is no such list.

    The pose of a row that is not a pose is None.
    """
    try:
        rows = read_stamped_list(path)
    except SourceError as error:
        log.warning("%s; so frames have no poses", error)
        return []
    return [(row.stamp_ns, _pose_matrix(_parse_pose(row.value))) for row in rows]


def _pose_matrix(numbers: list[float]) -> NDArray[np.float64] | None:
    if not are_poses(np.array([numbers]))[0]:
        return None
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_quat(numbers[3:]).as_matrix()
    pose[:3, 3] = numbers[:3]
    return pose
