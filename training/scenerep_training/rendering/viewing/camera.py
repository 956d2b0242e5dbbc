"""Cameras and camera poses. Poses are (4, 4), camera optical frame (x right, y down) to world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenerep_ros.frames import KINECT, Intrinsics

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """Pinhole camera: image size [px] and intrinsics [px]."""

    width: int = 640
    height: int = 480
    intrinsics: Intrinsics = KINECT

    @classmethod
    def with_field_of_view(cls, width: int, height: int, angle_deg: float) -> Camera:
        """Build a camera from its image size [px] and horizontal field of view [deg]."""
        focal = width / 2 / np.tan(np.radians(angle_deg) / 2)
        return cls(width, height, Intrinsics(focal, focal, (width - 1) / 2, (height - 1) / 2))

    def rays(self, supersampling: int = 1) -> Array:
        """Directions (H * s, W * s, 3) through the centers of sub-pixels, with z = 1."""
        scale = 1 / supersampling
        u = (np.arange(self.width * supersampling) + 0.5) * scale - 0.5
        v = (np.arange(self.height * supersampling) + 0.5) * scale - 0.5
        k = self.intrinsics
        columns, rows = np.meshgrid((u - k.cx) / k.fx, (v - k.cy) / k.fy)
        return np.stack([columns, rows, np.ones_like(rows)], axis=-1)


def look_at(eye: ArrayLike, target: ArrayLike, roll: float = 0.0) -> Array:
    """Build the pose of a camera at `eye` that faces `target` (3,) [m], rolled by an angle [rad]."""
    eye, target = np.asarray(eye, float), np.asarray(target, float)
    forward = (target - eye) / np.linalg.norm(target - eye)
    up = (0, 1, 0) if abs(forward[2]) > 0.999 else (0, 0, 1)
    right = np.cross(forward, up)
    right = right / np.linalg.norm(right)
    down = np.cross(forward, right)
    pose = np.eye(4)
    pose[:3, 0] = np.cos(roll) * right + np.sin(roll) * down
    pose[:3, 1] = np.cos(roll) * down - np.sin(roll) * right
    pose[:3, 2], pose[:3, 3] = forward, eye
    return pose
