"""Renderer of a recording: color, depth and labels of each frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_training.rendering.ray_casting import Floats
from scenerep_training.rendering.recording import Recording
from scenerep_training.rendering.scene import Role, Scene
from scenerep_training.rendering.sensors.color import simulate_webcam_image
from scenerep_training.rendering.sensors.depth import SENSORS, to_millimeters
from scenerep_training.rendering.tracer import Geometry, Tracer

MIN_LABEL_RATIO = 1 / 3000
"""Objects that cover a smaller share of an image are ignored in its label image."""
WHITE_POINT = 0.7
"""Signal of the 92nd percentile of the radiance after automatic exposure."""


@dataclass(frozen=True)
class RenderedFrame:
    """One frame: color (H, W, 3) uint8 RGB, depth (H, W) uint16 [mm], label (H, W) uint16."""

    color: NDArray[np.uint8]
    depth: NDArray[np.uint16]
    label: NDArray[np.uint16]


class Renderer:
    """Renders the frames of one recording.

    Args:
        recording: the recording.
        seed: of the noise of camera and depth sensor.
        supersampling: rays per pixel along each axis.
    """

    def __init__(self, recording: Recording, seed: int, supersampling: int = 2) -> None:
        self._recording = recording
        self._supersampling = supersampling
        self._seed = seed
        self._scene: Scene | None = None
        self._tracer: Tracer | None = None

    def render(self, index: int) -> RenderedFrame:
        """Render one frame; the result depends on nothing but the seed and the index."""
        shot = self._recording.shots[index]
        rng = np.random.default_rng((self._seed, index))
        tracer, camera = self._tracer_of(shot.scene), self._recording.camera
        geometry = tracer.geometry(camera, shot.pose)
        depth = SENSORS[self._recording.sensor](geometry, camera.intrinsics.fx, rng)
        radiance = tracer.radiance(camera, shot.pose)
        color = simulate_webcam_image(_exposed(radiance), rng)
        return RenderedFrame(color, to_millimeters(depth), label_image(geometry, shot.scene))

    def _tracer_of(self, scene: Scene) -> Tracer:
        if self._tracer is None or scene is not self._scene:
            self._scene, self._tracer = scene, Tracer(scene, self._supersampling)
        return self._tracer


def label_image(geometry: Geometry, scene: Scene) -> NDArray[np.uint16]:
    """Convert item ids to labels: 0 ignored, 1 structure, 1 + id for an object."""
    count = max(scene.items) + 1
    labels = np.zeros(count, np.uint16)
    for item_id, item in scene.items.items():
        labels[item_id] = item_id + 1 if item.role == Role.OBJECT else item.role
    area = np.bincount(geometry.ids.ravel(), minlength=count)
    labels[(area < MIN_LABEL_RATIO * geometry.ids.size) & (labels > Role.STRUCTURE)] = Role.IGNORED
    return np.asarray(labels[geometry.ids])


def _exposed(radiance: Floats) -> Floats:
    """Scale the radiance as automatic exposure does."""
    return radiance * np.float32(WHITE_POINT / max(float(np.percentile(radiance, 92)), 1e-3))
