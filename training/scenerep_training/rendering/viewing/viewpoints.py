"""Camera poses in furnished rooms: separate viewpoints, and walks."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from scenerep_training.rendering.furnishing import Room
from scenerep_training.rendering.scene import Role
from scenerep_training.rendering.tracer import Tracer
from scenerep_training.rendering.viewing.camera import Array, Camera, look_at

MIN_FREE_M = 0.3
"""Distance of a standing person's camera from furniture and walls [m]."""
MIN_VISIBLE_RATIO = 0.004
"""Share of the image from which an object counts as visible."""
CANDIDATES_PER_VIEW = 14
"""Number of random poses from which one viewpoint is chosen."""


def viewpoints(room: Room, camera: Camera, count: int, rng: np.random.Generator) -> list[Array]:
    """Choose poses of a person who looks at furniture; each differs from the ones before.

    Args:
        room: the room.
        camera: the camera.
        count: number of poses.
        rng: generator.

    Returns:
        `count` poses.
    """
    tracer = Tracer(room.scene)
    small = small_camera(camera)
    chosen: list[Array] = []
    for _ in range(count):
        candidates = [_random_view(room, rng) for _ in range(CANDIDATES_PER_VIEW)]
        scores = [
            _interest(room, tracer, small, pose) + _novelty(pose, chosen) for pose in candidates
        ]
        chosen.append(candidates[int(np.argmax(scores))])
    return chosen


def small_camera(camera: Camera) -> Camera:
    """Return a camera of 96x72 pixels with the field of view of another one."""
    angle = 2 * np.arctan(camera.width / 2 / camera.intrinsics.fx)
    return Camera.with_field_of_view(96, 72, float(np.degrees(angle)))


def walk(
    room: Room, camera: Camera, count: int, rng: np.random.Generator, rate: float = 30.0
) -> list[Array]:
    """Walk between viewpoints with smooth turns and the sway of a hand-held camera.

    Returns:
        `count` poses of consecutive frames at a rate [Hz].
    """
    seconds = count / rate
    keys = viewpoints(room, camera, max(2, round(seconds / 2.5) + 1), rng)
    keys = _ordered(keys)
    times = np.linspace(0, len(keys) - 1, count)
    index = np.minimum(times.astype(int), len(keys) - 2)
    fraction = times - index
    eased = index + fraction**2 * (3 - 2 * fraction)
    positions = np.stack([pose[:3, 3] for pose in keys])
    moved = np.stack([np.interp(eased, range(len(keys)), axis) for axis in positions.T], 1)
    turned = Slerp(range(len(keys)), Rotation.from_matrix([pose[:3, :3] for pose in keys]))(eased)
    phase = rng.uniform(0, 2 * np.pi, 3)
    moved += 0.012 * np.sin(2 * np.pi * 1.7 * np.arange(count)[:, None] / rate + phase)
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3, :3], poses[:, :3, 3] = turned.as_matrix(), moved
    return list(poses)


def _random_view(room: Room, rng: np.random.Generator) -> Array:
    furniture = [item for item in room.plan.items if item.role == Role.OBJECT]
    half = np.array([room.size.width, room.size.depth]) / 2 - MIN_FREE_M
    eye = np.zeros(2)
    for _ in range(60):
        eye = rng.uniform(-half, half)
        if room.plan.is_free(np.stack([eye, eye]), MIN_FREE_M):
            break
    target = furniture[rng.integers(len(furniture))].pose[:3, 3] + rng.normal(0, 0.25, 3)
    target[2] = rng.uniform(0.3, 0.9)
    return look_at((*eye, rng.uniform(1.15, 1.65)), target, rng.normal(0, 0.03))


def _interest(room: Room, tracer: Tracer, camera: Camera, pose: Array) -> float:
    """Score a view by its number of visible objects; views of near surfaces score low."""
    geometry = tracer.geometry(camera, pose)
    shares = np.bincount(geometry.ids.ravel()) / geometry.ids.size
    visible = [i for i in np.flatnonzero(shares > MIN_VISIBLE_RATIO).tolist() if i]
    objects = [i for i in visible if room.scene.items[i].role == Role.OBJECT]
    is_close = np.percentile(geometry.depth, 10) < 0.7
    largest = max((shares[i] for i in objects), default=0)
    return min(len(objects), 14) - 20 * is_close - 8 * max(0, largest - 0.4)


def _novelty(pose: Array, others: list[Array]) -> float:
    if not others:
        return 0.0
    distances = [
        np.linalg.norm(pose[:3, 3] - other[:3, 3]) / 2
        + np.arccos(np.clip(pose[:3, 2] @ other[:3, 2], -1, 1))
        for other in others
    ]
    return float(6 * min(1.0, min(distances)))


def _ordered(poses: list[Array]) -> list[Array]:
    """Order poses by nearest neighbor, so that a walk turns little."""
    rest, path = list(poses[1:]), [poses[0]]
    while rest:
        turns = [-float(path[-1][:3, 2] @ pose[:3, 2]) for pose in rest]
        path.append(rest.pop(int(np.argmin(turns))))
    return path
