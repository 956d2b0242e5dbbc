"""Sixteen kinds of scenes: objects on tables, floors, boards and shelves, in boxes and on desks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenerep_training.rendering.arrangements import ARRANGEMENTS, Arrangement
from scenerep_training.rendering.camera import Array, Camera, look_at
from scenerep_training.rendering.recording import SCENES, Recording, RenderOptions, Shot
from scenerep_training.rendering.textures import Rng

KINECT_CAMERA = Camera()
STEREO_CAMERA = Camera.with_field_of_view(1280, 720, 69)
TIME_OF_FLIGHT_CAMERA = Camera.with_field_of_view(1280, 720, 93)
SMALL_CAMERA = Camera.with_field_of_view(320, 240, 62.7)
CAMERAS = {
    "stereo": (STEREO_CAMERA, "stereo"),
    "time_of_flight": (TIME_OF_FLIGHT_CAMERA, "time_of_flight"),
    "small": (SMALL_CAMERA, "structured_light"),
}
"""Camera and depth sensor of the kinds that have no Kinect."""


@SCENES.register("kinds")
def kinds(seed: int, options: RenderOptions) -> Iterator[Recording]:
    """Yield one recording for each kind; each frame shows a new scene."""
    for index, (name, arrange) in enumerate(ARRANGEMENTS.items()):
        if options.only and name not in options.only:
            continue
        camera, sensor = CAMERAS.get(name, (KINECT_CAMERA, "structured_light"))
        shots: list[Shot] = []
        first_id = 1
        for frame in range(options.frames):
            rng = np.random.default_rng((seed, index, frame))
            arrangement = arrange(rng)
            pose = _pose(arrangement, rng)
            scene = arrangement.scene.renumbered(first_id)
            first_id += len(scene.items)
            shots.append(Shot(f"{name}_{frame:04d}", scene, pose, float(frame)))
        yield Recording(name, camera, sensor, shots)


def _pose(arrangement: Arrangement, rng: Rng) -> Array:
    """Draw a camera pose that looks at the center of an arrangement."""
    view = arrangement.view
    azimuth, elevation = (
        np.radians(rng.uniform(*view.azimuth_deg)),
        np.radians(rng.uniform(*view.elevation_deg)),
    )
    direction = np.array(
        [
            np.sin(azimuth) * np.cos(elevation),
            -np.cos(azimuth) * np.cos(elevation),
            np.sin(elevation),
        ]
    )
    target = np.asarray(view.target) + rng.normal(0, 0.02, 3)
    eye = target + rng.uniform(*view.distance) * direction
    return look_at(eye, target, np.radians(rng.uniform(*view.roll_deg)))
