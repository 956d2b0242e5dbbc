"""Camera poses over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

MAX_GAP_NS = 200_000_000
"""Poses further apart are not interpolated: a motion capture that lost its target says nothing."""


class Trajectory:
    """Poses, interpolated linearly in position and spherically in rotation.

    Args:
        stamps: (N,) int64, nanoseconds, in any order.
        positions: (N, 3) float64, metres.
        quaternions: (N, 4) float64, x y z w, of any length but 0.

    Raises:
        ValueError: if there are fewer than two different stamps, a value is not finite or a
            quaternion is zero.
    """

    def __init__(
        self,
        stamps: NDArray[np.int64],
        positions: NDArray[np.float64],
        quaternions: NDArray[np.float64],
    ) -> None:
        if not (np.isfinite(positions).all() and np.isfinite(quaternions).all()):
            raise ValueError("a pose is not finite")
        self._stamps, order = np.unique(stamps, return_index=True)
        self._positions = positions[order]
        self._rotations = Slerp(self._seconds(self._stamps), Rotation.from_quat(quaternions[order]))

    def pose(self, stamp: int) -> NDArray[np.float64] | None:
        """Return (4, 4) float64, camera to world; None outside of the trajectory and in its gaps."""
        after = int(np.searchsorted(self._stamps, stamp))
        if after == len(self._stamps) or stamp < self._stamps[0]:
            return None
        if self._stamps[after] - self._stamps[max(after - 1, 0)] > MAX_GAP_NS:
            return None
        second = self._seconds(np.int64(stamp))
        seconds = self._seconds(self._stamps)
        pose = np.eye(4)
        pose[:3, :3] = self._rotations(second).as_matrix()
        pose[:3, 3] = [np.interp(second, seconds, axis) for axis in self._positions.T]
        return pose

    def _seconds(self, stamps: NDArray[np.int64] | np.int64) -> NDArray[np.float64]:
        """Seconds since the start: floats of the epoch are too coarse."""
        return (stamps - self._stamps[0]) * 1e-9
