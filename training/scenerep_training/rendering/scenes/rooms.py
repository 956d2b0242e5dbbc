"""Furnished rooms, seen by a person who stands or walks in them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenerep_training.rendering.furnishing import furnish
from scenerep_training.rendering.recording import SCENES, Recording, RenderOptions, Shot
from scenerep_training.rendering.viewing.camera import Camera
from scenerep_training.rendering.viewing.viewpoints import viewpoints, walk

FRAMES_PER_ROOM = 2
"""Number of separate views of one room."""
FRAME_RATE_HZ = 30.0


@SCENES.register("rooms")
def rooms(seed: int, options: RenderOptions) -> Iterator[Recording]:
    """Yield one recording: separate views of several rooms, or one walk through a room."""
    rng = np.random.default_rng(seed)
    camera = Camera()
    shots: list[Shot] = []
    first_id = 1
    while len(shots) < options.frames:
        room = furnish(rng)
        scene = room.scene.renumbered(first_id)
        first_id += len(scene.items)
        remaining = options.frames - len(shots)
        count = remaining if options.is_walk else min(FRAMES_PER_ROOM, remaining)
        poses = (walk if options.is_walk else viewpoints)(room, camera, count, rng)
        for pose in poses:
            index = len(shots)
            shots.append(Shot(f"{index:04d}", scene, pose, index / FRAME_RATE_HZ))
    sensor = "structured_light" if options.depth_noise else "exact"
    yield Recording("", camera, sensor, shots)
