"""Shots of arrangements, one for each frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from scenerep_training.rendering.arrangements import Arrangement
from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.recording import Shot


def draw_shots(
    arrangements: Sequence[Callable[[Rng], Arrangement]], seed: tuple[int, ...], prefix: str = ""
) -> list[Shot]:
    """Draw a new arrangement and a pose for each frame, with items whose ids no other frame has.

    Args:
        arrangements: functions that draw the arrangement of each frame.
        seed: seed of the generators, each of which also takes the frame's number.
        prefix: beginning of the names, which end with the frame's number.
    """
    shots: list[Shot] = []
    first_id = 1
    for frame, arrange in enumerate(arrangements):
        rng = np.random.default_rng((*seed, frame))
        arrangement = arrange(rng)
        pose = arrangement.view.draw_pose(rng)
        scene = arrangement.scene.renumbered(first_id)
        first_id += len(scene.items)
        shots.append(Shot(f"{prefix}{frame:04d}", scene, pose, float(frame)))
    return shots
