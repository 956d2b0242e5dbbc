"""Disturbances of the camera poses of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from scenerep_ros.frames import RGBDFrame

NOISE_M, NOISE_DEG = 0.01, 1.0
"""Standard deviation of the position along each axis, and of the rotation about each axis."""
OUTAGE_S = 5.0
JUMP_M = 2.0
NAMES = ("noise", "outage", "jump")


class Disturbances:
    """Changes of the poses of one recording.

    Args:
        names: `noise`, `outage` and `jump`, in this order of application.
        count: number of frames of the recording.
    """

    def __init__(self, names: Sequence[str], count: int) -> None:
        self._names, self._count = names, count
        self._rng = np.random.default_rng(0)
        self._outage_end_ns: int | None = None

    def __call__(self, frame: RGBDFrame, index: int) -> RGBDFrame:
        """Return a frame of the recording with its disturbed pose, or without a pose."""
        if frame.pose is None:
            return frame
        pose = frame.pose.copy()
        if "noise" in self._names:
            turn = np.radians(self._rng.normal(0, NOISE_DEG, 3))
            pose[:3, :3] = pose[:3, :3] @ Rotation.from_rotvec(turn).as_matrix()
            pose[:3, 3] += self._rng.normal(0, NOISE_M, 3)
        if "jump" in self._names and index == 2 * self._count // 3:
            pose[0, 3] += JUMP_M
        if "outage" in self._names and self._is_in_outage(frame, index):
            return replace(frame, pose=None)
        return replace(frame, pose=pose)

    def _is_in_outage(self, frame: RGBDFrame, index: int) -> bool:
        """Return whether a frame lies in the outage, which starts after a third of the recording."""
        if index == self._count // 3:
            self._outage_end_ns = frame.stamp_ns + round(OUTAGE_S * 1e9)
        return self._outage_end_ns is not None and frame.stamp_ns < self._outage_end_ns
