"""Recovery of a lost pose by relocalization in the map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import RGBDFrame, SceneSegmentation

Pose = NDArray[np.float64]
Relocalize = Callable[[RGBDFrame, SceneSegmentation], Pose | None]


@dataclass(frozen=True)
class RecoveryConstants:
    """Tuned constants of the recovery."""

    period: int = tuned(
        5,
        "number of frames without a pose of which one is relocalized",
        set_on="argument: a relocalization takes as long as several integrations",
    )


CONSTANTS = RecoveryConstants()


class PoseRecovery:
    """Adds poses to frames without one.

    Args:
        relocalize: returns the pose of a segmented frame in the map, or None.
        restart: called with a frame and its pose when one was found, such as `Odometry.restart`.

    Attributes:
        recovered: number of frames that got a pose.
    """

    def __init__(
        self, relocalize: Relocalize, restart: Callable[[RGBDFrame, Pose], None] | None = None
    ) -> None:
        self.recovered = 0
        self._relocalize, self._restart = relocalize, restart
        self._lost_count = 0

    @property
    def is_due(self) -> bool:
        """Return whether the next frame without a pose is relocalized."""
        return self._lost_count % CONSTANTS.period == 0

    def skip(self) -> None:
        """Count a frame without a pose that is not relocalized."""
        self._lost_count += 1

    def __call__(self, frame: RGBDFrame, scene: SceneSegmentation) -> RGBDFrame:
        """Return the frame with its pose, or without one where the map does not show it."""
        if frame.pose is not None:
            self._lost_count = 0
            return frame
        pose = self._relocalize(frame, scene) if self.is_due else None
        self._lost_count += 1
        if pose is None:
            return frame
        self.recovered += 1
        self._lost_count = 0
        if self._restart is not None:
            self._restart(frame, pose)
        return replace(frame, pose=pose)
