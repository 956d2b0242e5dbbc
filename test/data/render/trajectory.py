"""Trajectory of a hand-held camera around the table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LOOK_AT_POINT = np.array([0.03, 0.03, 0.045])
"""Mean point on the optical axis, in the world [m]."""


def _hand_tremor(times: Array, rng: np.random.Generator) -> Array:
    """Generate the tremor of a hand: smooth noise (T, 3) from 0.5 to 4 Hz, at times (T,) [s]."""
    frequencies = np.geomspace(0.5, 4, 6)[:, None, None]
    phases = rng.uniform(0, 2 * np.pi, (6, 1, 3))
    waves = np.sin(2 * np.pi * frequencies * times[:, None] + phases)
    return (waves / frequencies**0.8).mean(0)


def _look_at(eye: Array, target: Array) -> Array:
    """Return the pose (4, 4), optical frame to world, of a camera at `eye` that faces `target`."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, (0, 0, 1))
    right = right / np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3] = np.stack([right, np.cross(forward, right), forward, eye], axis=1)
    return pose


def hand_held_poses(times: Array, seed: int) -> Array:
    """Generate camera poses along an arc from left to right, with hand tremor.

    Args:
        times: (T,) [s], increasing.
        seed: seed of the tremor.

    Returns:
        (T, 4, 4) poses, camera optical frame to world.
    """
    rng = np.random.default_rng(seed)
    progress = (times - times[0]) / np.ptp(times)
    # Sample the arc around the world origin in cylindrical coordinates.
    azimuth = np.radians(-112 + 42 * (progress - 0.08 * np.sin(2 * np.pi * progress)))
    radius = 0.74 - 0.06 * np.sin(np.pi * progress)
    height = 0.44 + 0.07 * np.sin(1.2 * np.pi * progress)
    eyes = np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), height], axis=1)
    # Add tremor to both position and viewing direction.
    eyes += 0.012 * _hand_tremor(times, rng)
    targets = LOOK_AT_POINT + 0.02 * _hand_tremor(times, rng)
    return np.stack([_look_at(eye, target) for eye, target in zip(eyes, targets, strict=True)])
