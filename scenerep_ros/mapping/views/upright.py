"""Vertical direction of the world, from the support surfaces of several frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry import find_support_plane, invert_depth, viewing_rays
from scenerep_ros.mapping.views.frame_view import FrameView

Floats = NDArray[np.float32]

WORLD_UP = np.array([0, 0, 1], np.float32)
"""Upward direction of REP 103."""


@dataclass(frozen=True)
class UprightConstants:
    """Tuned constants of the estimate of the vertical."""

    max_votes: int = tuned(
        25, "number of frames that vote", set_on="argument: more votes change the mean little"
    )
    max_deviation_deg: float = tuned(
        8.0,
        "angle between votes for one direction",
        unit="deg",
        set_on="argument: noise of a plane that fills a twentieth of the image",
    )


CONSTANTS = UprightConstants()


class VerticalEstimate:
    """Mean normal of the support surfaces, robust to frames without a horizontal surface."""

    def __init__(self) -> None:
        self._votes: list[Floats] = []

    def fix(self, direction: Floats) -> None:
        """Set the direction (3,), which further frames do not change."""
        self._votes = [direction] * CONSTANTS.max_votes

    @property
    def is_complete(self) -> bool:
        """Return whether further frames have no effect."""
        return len(self._votes) >= CONSTANTS.max_votes

    def add(self, view: FrameView) -> None:
        """Add the vote of one frame, if it shows a support surface."""
        rays = viewing_rays(view.intrinsics, *view.depth.shape)
        plane = find_support_plane(invert_depth(view.depth), rays, view.pose)
        if plane is not None:
            self._votes.append(-(view.pose[:3, :3] @ plane.normal).astype(np.float32))

    def direction(self) -> Floats:
        """Return the upward direction (3,); the z axis of the world if it agrees with the votes."""
        if not self._votes:
            return WORLD_UP
        votes = np.stack(self._votes)
        min_cosine = np.cos(np.radians(CONSTANTS.max_deviation_deg))
        agrees = votes @ votes.T > min_cosine
        mean = votes[agrees[agrees.sum(axis=1).argmax()]].mean(axis=0)
        mean /= np.linalg.norm(mean)
        return WORLD_UP if mean @ WORLD_UP > min_cosine else mean.astype(np.float32)
