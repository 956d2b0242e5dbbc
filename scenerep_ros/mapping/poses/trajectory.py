"""Camera poses of the integrated frames, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned

Pose = NDArray[np.float64]


@dataclass(frozen=True)
class TrajectoryConstants:
    """Tuned constants of the trajectory."""

    max_poses: int = tuned(
        36_000,
        "largest number of poses, above which every second one is dropped",
        set_on="argument: 20 minutes at 30 Hz, 10 MB",
    )


CONSTANTS = TrajectoryConstants()


class Trajectory:
    """Poses with their stamps; a long one spans the whole time with fewer poses.

    Args:
        stamps_ns: (n,) times [ns].
        poses: (n, 4, 4), camera to world.

    Attributes:
        dropped: number of poses that were dropped because there were too many.
    """

    def __init__(
        self, stamps_ns: NDArray[np.int64] | None = None, poses: Pose | None = None
    ) -> None:
        self._stamps_ns: list[int] = [] if stamps_ns is None else stamps_ns.tolist()
        self._poses: list[Pose] = [] if poses is None else list(poses)
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._poses)

    @property
    def memory_bytes(self) -> int:
        """Size of the poses."""
        return sum(pose.nbytes for pose in self._poses)

    @property
    def stamps_ns(self) -> NDArray[np.int64]:
        """Times (n,) of the poses [ns]."""
        return np.array(self._stamps_ns, np.int64)

    @property
    def poses(self) -> Pose:
        """Poses (n, 4, 4)."""
        return np.array(self._poses, np.float64).reshape(-1, 4, 4)

    def add(self, stamp_ns: int, pose: Pose) -> None:
        """Append the pose (4, 4) of a frame."""
        self._stamps_ns.append(stamp_ns)
        self._poses.append(pose)
        if len(self) > CONSTANTS.max_poses:
            self.dropped += len(self) // 2
            self._stamps_ns, self._poses = self._stamps_ns[::2], self._poses[::2]
