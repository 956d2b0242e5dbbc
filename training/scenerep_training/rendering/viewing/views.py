"""Random camera poses around a target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.viewing.camera import Array, look_at


@dataclass(frozen=True)
class View:
    """Ranges of camera poses around a target (3,) [m]; azimuth 0 looks along +y."""

    target: tuple[float, float, float] = (0, 0, 0.04)
    distance: tuple[float, float] = (0.8, 1.1)
    elevation_deg: tuple[float, float] = (28, 55)
    azimuth_deg: tuple[float, float] = (-35, 35)
    roll_deg: tuple[float, float] = (-4, 4)

    def draw_pose(self, rng: Rng) -> Array:
        """Draw the pose (4, 4) of a camera that looks at the target, give or take some centimeters."""
        azimuth, elevation = (
            np.radians(rng.uniform(*self.azimuth_deg)),
            np.radians(rng.uniform(*self.elevation_deg)),
        )
        direction = np.array(
            [
                np.sin(azimuth) * np.cos(elevation),
                -np.cos(azimuth) * np.cos(elevation),
                np.sin(elevation),
            ]
        )
        target = np.asarray(self.target) + rng.normal(0, 0.02, 3)
        eye = target + rng.uniform(*self.distance) * direction
        return look_at(eye, target, np.radians(rng.uniform(*self.roll_deg)))
