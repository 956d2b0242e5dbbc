"""Recordings: scenes seen from poses, by a camera and a depth sensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scenerep_ros.config.registry import Registry
from scenerep_training.rendering.scene import Scene
from scenerep_training.rendering.viewing.camera import Array, Camera


@dataclass(frozen=True)
class Shot:
    """One frame to render.

    Attributes:
        name: file name without suffix.
        scene: the scene at that moment.
        pose: (4, 4) camera optical frame to world.
        stamp: time [s].
    """

    name: str
    scene: Scene
    pose: Array
    stamp: float


@dataclass(frozen=True)
class Recording:
    """Frames of one camera.

    Attributes:
        name: folder below that of the seed; empty = that folder itself.
        camera: intrinsics and size.
        sensor: name of the depth sensor, see sensors.depth.SENSORS.
        shots: frames; consecutive ones may share one scene.
        layout: of the files: mosd, or co3d for a single object.
    """

    name: str
    camera: Camera
    sensor: str
    shots: Sequence[Shot]
    layout: str = "mosd"


@dataclass(frozen=True)
class RenderOptions:
    """Options of a rendering.

    Attributes:
        frames: number of frames of each recording.
        is_walk: consecutive frames of a moving camera, instead of separate views.
        depth_noise: simulate a Kinect where the scene set has no sensor of its own.
        only: names of the recordings to build; empty = all.
    """

    frames: int
    is_walk: bool = False
    depth_noise: bool = False
    only: tuple[str, ...] = ()


SCENES: Registry = Registry(
    "scene set", package="scenerep_training.rendering.scenes", group="scenerep_training.scenes"
)
"""Functions (seed, RenderOptions) -> iterator of Recording, by name."""
