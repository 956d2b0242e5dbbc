"""Turntable: views of a map on a circle around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import BACKGROUND
from scenerep_ros.geometry.subsampling import subsample
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.mapping.pictures.annotations import Label, draw_labels
from scenerep_ros.mapping.pictures.layers import draw_box, draw_map, object_color
from scenerep_ros.mapping.pictures.projection import CONSTANTS as PROJECTION
from scenerep_ros.mapping.pictures.projection import Camera, Extent, measure_extent

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class TurntableConstants:
    """Tuned constants of the turntable."""

    elevation_deg: float = tuned(
        40.0, "elevation of the turntable's camera", unit="deg", set_on="argument: shows table tops"
    )
    field_of_view_deg: float = tuned(
        50.0, "horizontal field of view of the turntable's camera", unit="deg", set_on="argument"
    )
    fitted_points: int = tuned(
        2000,
        "number of points that all views of the turntable must show",
        set_on="argument: time, and one point for each 350 pixels",
    )
    min_front_ratio: float = tuned(
        0.35,
        "distance in front of the center, relative to the radius, from which structure is left out",
        set_on="argument: the walls between camera and objects hide them",
    )


CONSTANTS = TurntableConstants()


def draw_turntable(snapshot: MapSnapshot, count: int) -> Iterator[Image]:
    """Yield `count` views (H, W, 3) uint8 RGB on a circle around the map."""
    extent = measure_extent(snapshot)
    rotations = [
        _turntable_rotation(extent.axes, azimuth)
        for azimuth in np.linspace(0, 2 * np.pi, count, endpoint=False)
    ]
    half_angle = np.radians(CONSTANTS.field_of_view_deg / 2)
    focal = PROJECTION.size_px[0] / 2 / np.tan(half_angle)
    distance = _turntable_distance(snapshot, extent, rotations, focal)
    front = _FrontStructure(snapshot, extent)
    for rotation in rotations:
        position = extent.center - rotation[2] * distance
        camera = Camera(rotation, position, focal, PROJECTION.size_px, is_perspective=True)
        image = draw_map(snapshot, extent, camera, ~front.hides(rotation))
        for item in snapshot.objects:
            draw_box(image, camera, item, object_color(item))
        nearest = sorted(snapshot.objects, key=lambda item: float(item.box.center @ rotation[2]))
        labels = [
            Label(str(item.id), camera.pixel(item.box.center), object_color(item))
            for item in nearest
        ]
        draw_labels(image, labels, ring_count=0)
        yield image


def _turntable_rotation(axes: Floats, azimuth: float) -> Floats:
    elevation = np.radians(CONSTANTS.elevation_deg)
    around = np.cos(azimuth) * axes[0] + np.sin(azimuth) * axes[1]
    backward = np.cos(elevation) * around + np.sin(elevation) * axes[2]
    right = np.cross(axes[2], around)
    return np.stack([right, np.cross(-backward, right), -backward]).astype(np.float32)


def _turntable_distance(
    snapshot: MapSnapshot, extent: Extent, rotations: Sequence[Floats], focal: float
) -> np.float32:
    """Return the distance from the center at which all views show the whole scene [m]."""
    sample = subsample(snapshot.points.positions, CONSTANTS.fitted_points)
    points = (sample @ extent.axes.T).clip(extent.low, extent.high) @ extent.axes - extent.center
    half_size = PROJECTION.fill_ratio * np.array(PROJECTION.size_px) / 2
    distances = [np.float32(extent.size.max())]
    for rotation in rotations:
        local = points @ rotation.T
        needed = np.abs(local[:, :2]) * (focal / half_size) - local[:, 2:]
        distances.append(np.float32(needed.max(initial=0.0)))
    return max(distances)


class _FrontStructure:
    """Structure between the camera of a turntable and the objects, which would hide them."""

    def __init__(self, snapshot: MapSnapshot, extent: Extent) -> None:
        heights = snapshot.points.positions @ extent.axes[2]
        is_structure = snapshot.points.labels == BACKGROUND
        self._can_hide = is_structure & (heights > extent.low[2] + PROJECTION.headroom_m)
        self._local = snapshot.points.positions - extent.center
        self._up = extent.axes[2]
        self._min_distance = CONSTANTS.min_front_ratio * np.linalg.norm(extent.size) / 2

    def hides(self, rotation: Floats) -> Mask:
        """Return which points (n,) stand in front, in a view with some axes (3, 3)."""
        around = -(rotation[2] - (rotation[2] @ self._up) * self._up)
        around /= np.linalg.norm(around)
        return self._can_hide & (self._local @ around > self._min_distance)
