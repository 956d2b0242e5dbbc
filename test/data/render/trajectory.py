"""A hand-held camera's way around the table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TARGET = np.array([0.03, 0.03, 0.045])
"""What the hand points the camera at, metres."""


def _shake(time: Array, rng: np.random.Generator) -> Array:
    """Smooth noise (T, 3) of unit amplitude: the tremor of a hand, 0.5 to 4 Hz."""
    frequency = np.geomspace(0.5, 4, 6)[:, None, None]
    phase = rng.uniform(0, 2 * np.pi, (6, 1, 3))
    waves = np.sin(2 * np.pi * frequency * time[:, None] + phase)
    return (waves / frequency**0.8).mean(0)


def _look(eye: Array, target: Array) -> Array:
    """Pose (4, 4) of a camera that looks at a target: x right, y down, z forward."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, (0, 0, 1))
    right = right / np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3] = np.stack([right, np.cross(forward, right), forward, eye], axis=1)
    return pose


def hand_held(time: Array, seed: int) -> Array:
    """Camera poses along an arc from left to right, with a small shake.

    Args:
        time: (T,) seconds.
        seed: of the shake.

    Returns:
        (T, 4, 4) camera optical frame to world.
    """
    rng = np.random.default_rng(seed)
    part = (time - time[0]) / np.ptp(time)
    azimuth = np.radians(-112 + 42 * (part - 0.08 * np.sin(2 * np.pi * part)))
    radius = 0.74 - 0.06 * np.sin(np.pi * part)
    height = 0.44 + 0.07 * np.sin(1.2 * np.pi * part)
    eyes = np.stack([radius * np.cos(azimuth), radius * np.sin(azimuth), height], axis=1)
    eyes += 0.012 * _shake(time, rng)
    targets = TARGET + 0.02 * _shake(time, rng)
    return np.stack([_look(eye, target) for eye, target in zip(eyes, targets, strict=True)])
