"""Interpolation of camera poses over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from scenerep_ros.config.constants import tuned


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


class Trajectory:
    """Poses over time, interpolated linearly in position and spherically in rotation.

    Args:
        stamps: (N,) int64 [ns], in any order.
        positions: (N, 3) float64 [m].
        quaternions: (N, 4) float64, x y z w, of any norm but 0.

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
        self._rotations = Slerp(
            self._elapsed_s(self._stamps), Rotation.from_quat(quaternions[order])
        )

    def interpolate(self, stamp_ns: int) -> NDArray[np.float64] | None:
        """Return the pose (4, 4), camera to world, at a stamp; None outside and in long gaps."""
        index_after = int(np.searchsorted(self._stamps, stamp_ns))
        if index_after == len(self._stamps) or stamp_ns < self._stamps[0]:
            return None
        gap_ns = self._stamps[index_after] - self._stamps[max(index_after - 1, 0)]
        if gap_ns > CONSTANTS.max_gap_ns:
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
