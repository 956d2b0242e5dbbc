"""Sixteen kinds of scenes: objects on tables, floors, boards and shelves, in boxes and on desks."""

from __future__ import annotations

from collections.abc import Iterator

from scenerep_training.rendering.arranged_shots import draw_shots
from scenerep_training.rendering.arrangements import ARRANGEMENTS
from scenerep_training.rendering.recording import SCENES, Recording, RenderOptions
from scenerep_training.rendering.viewing.camera import Camera

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
        shots = draw_shots([arrange] * options.frames, (seed, index), f"{name}_")
        yield Recording(name, camera, sensor, shots)
