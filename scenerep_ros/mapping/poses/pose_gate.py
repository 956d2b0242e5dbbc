"""Rejection of poses that no camera motion explains, such as one frame of a wrong localization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned

Pose = NDArray[np.float64]

_NS_PER_S = 1e9  # constant: unit
_HALF_TURN_DISTANCE = 2 * np.sqrt(2)  # constant: between rotations that differ by 180 degrees


@dataclass(frozen=True)
class PoseGateConstants:
    """Tuned constants of the plausibility of poses."""

    max_speed: float = tuned(
        3.0, "speed of a camera", unit="m/s", set_on="argument: twice that of a walking person"
    )
    max_step_m: float = tuned(
        0.15,
        "distance between two frames that is plausible at any frame rate",
        unit="m",
        set_on="argument: correction of a localization",
    )
    max_angular_speed_deg: float = tuned(
        360.0,
        "angular speed of a camera",
        unit="deg/s",
        set_on="argument: three times the fastest rotation of TUM fr1_rpy",
    )
    max_turn_deg: float = tuned(
        15.0,
        "angle between two frames that is plausible at any frame rate",
        unit="deg",
        set_on="argument: correction of a localization",
    )
    confirmation_frames: int = tuned(
        5,
        "number of consistent poses after a jump that confirm it",
        set_on="argument: a localization that jumps once, such as by a loop closure, stays there",
    )


CONSTANTS = PoseGateConstants()


class PoseGate:
    """Accepts poses that continue the trajectory, and jumps that the next poses confirm."""

    def __init__(self) -> None:
        self._accepted: tuple[Pose, int] | None = None
        self._candidate: tuple[Pose, int] | None = None
        self._candidate_count = 0

    def accepts(self, pose: Pose, stamp_ns: int) -> bool:
        """Return whether a frame with this pose (4, 4) at this time [ns] can be used."""
        if not np.isfinite(pose).all():
            return False
        if self._accepted is None or is_continuous(*self._accepted, pose, stamp_ns):
            self._accept(pose, stamp_ns)
            return True
        is_consistent = self._candidate is not None and is_continuous(
            *self._candidate, pose, stamp_ns
        )
        self._candidate_count = self._candidate_count + 1 if is_consistent else 1
        self._candidate = pose, stamp_ns
        if self._candidate_count <= CONSTANTS.confirmation_frames:
            return False
        self._accept(pose, stamp_ns)
        return True

    def _accept(self, pose: Pose, stamp_ns: int) -> None:
        self._accepted, self._candidate, self._candidate_count = (pose, stamp_ns), None, 0


def is_continuous(first: Pose, first_ns: int, second: Pose, second_ns: int) -> bool:
    """Return whether a camera can move from one pose to another between two stamps."""
    elapsed_s = abs(second_ns - first_ns) / _NS_PER_S
    distance, angle_deg = motion_between(first, second)
    return (
        distance <= CONSTANTS.max_step_m + CONSTANTS.max_speed * elapsed_s
        and angle_deg <= CONSTANTS.max_turn_deg + CONSTANTS.max_angular_speed_deg * elapsed_s
    )


def motion_between(first: Pose, second: Pose) -> tuple[float, float]:
    """Return the distance [m] and the angle [deg] between two poses (4, 4).

    Rounded rotations that are equal have an angle of 0, which their trace does not give.
    """
    difference = np.linalg.norm(second[:3, :3] - first[:3, :3])
    angle = 2 * np.degrees(np.arcsin(min(float(difference / _HALF_TURN_DISTANCE), 1.0)))
    return float(np.linalg.norm(second[:3, 3] - first[:3, 3])), float(angle)
