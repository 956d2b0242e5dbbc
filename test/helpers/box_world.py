"""A room of cuboids with exact depth and labels, for tests of the scene map."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scenerep_ros.frames import Intrinsics, RGBDFrame, SceneObject, SceneSegmentation

CAMERA = Intrinsics(130.0, 130.0, 79.5, 59.5)
SHAPE = (120, 160)
FRAME_PERIOD_NS = 33_000_000
ROOM_HEIGHT_M = 2.4
FEATURE_SIZE = 32


@dataclass(frozen=True)
class Cuboid:
    """Axis-aligned cuboid on the floor.

    Attributes:
        label: label in the frames; also determines color and feature.
        center: x, y [m].
        size: x, y, z [m].
        height: of its lower side above the floor [m].
    """

    label: int
    center: tuple[float, float]
    size: tuple[float, float, float] = (0.3, 0.3, 0.3)
    height: float = 0.0

    @property
    def low(self):
        return np.array([*np.subtract(self.center, np.array(self.size[:2]) / 2), self.height])

    @property
    def high(self):
        return self.low + self.size

    def at(self, x, y):
        return replace(self, center=(x, y))


def look_at(eye, target):
    """Return the pose (4, 4) of a camera at `eye` that faces `target` (3,) [m], z up."""
    forward = np.subtract(target, eye) / np.linalg.norm(np.subtract(target, eye))
    right = np.cross(forward, (0, 0, 1))
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = eye
    return pose


def orbit(count, radius=2.0, height=1.3, start_deg=0.0, stop_deg=60.0):
    """Return poses on an arc around the origin."""
    angles = np.radians(np.linspace(start_deg, stop_deg, count))
    return [look_at((radius * np.cos(a), radius * np.sin(a), height), (0, 0, 0.2)) for a in angles]


def make_frame(cuboids, pose, index=0, label_of=None, known_pose="true"):
    """Render a frame and its segmentation.

    Args:
        cuboids: objects in the room, which has a floor and four walls at 4 m.
        pose: (4, 4) true camera pose.
        index: number of the frame, from which its stamp and the noise of its features follow.
        label_of: label in the segmentation by the label of a cuboid; None keeps all.
        known_pose: pose that the frame carries, or None; "true" for the true one.
    """
    depth, labels = _trace(cuboids, pose)
    table = np.arange(256)
    for label, replacement in (label_of or {}).items():
        table[label] = replacement
    labels = table[labels].astype(np.uint16)
    rng = np.random.default_rng(index)
    objects = tuple(
        SceneObject(
            int(label), int((labels == label).sum()), (0, 0, 1, 1), _feature(int(label), rng)
        )
        for label in np.unique(labels[labels > 0])
    )
    color = np.random.default_rng(0).integers(0, 255, (256, 3), np.uint8)[labels]
    frame = RGBDFrame(
        color,
        depth,
        CAMERA,
        stamp_ns=10**12 + index * FRAME_PERIOD_NS,
        name=f"{index:06d}",
        pose=pose if isinstance(known_pose, str) else known_pose,
    )
    return frame, SceneSegmentation(labels, objects)


def _feature(label, rng):
    """Return the feature of a label in one frame, with noise."""
    mean = np.random.default_rng(1000 + label).normal(size=FEATURE_SIZE)
    feature = mean + 0.2 * rng.normal(size=FEATURE_SIZE)
    return (feature / np.linalg.norm(feature)).astype(np.float32)


def _trace(cuboids, pose):
    """Return depth (H, W) float32 and labels (H, W) by the intersection of rays with slabs."""
    v, u = np.indices(SHAPE)
    local = np.stack([(u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy, np.ones(SHAPE)], -1)
    rays = local @ pose[:3, :3].T
    rays = np.where(np.abs(rays) < 1e-9, 1e-9, rays)
    eye = pose[:3, 3]
    # The inside of the room: the farther of each pair of planes.
    walls = (np.array([[-4, -4, 0], [4, 4, ROOM_HEIGHT_M]])[:, None, None] - eye) / rays
    depth, labels = walls.max(axis=0).min(axis=-1), np.zeros(SHAPE, np.int64)
    for cuboid in cuboids:
        sides = (np.stack([cuboid.low, cuboid.high])[:, None, None] - eye) / rays
        near, far = sides.min(axis=0).max(axis=-1), sides.max(axis=0).min(axis=-1)
        is_hit = (near < far) & (near > 0) & (near < depth)
        depth[is_hit], labels[is_hit] = near[is_hit], cuboid.label
    return depth.astype(np.float32), labels
