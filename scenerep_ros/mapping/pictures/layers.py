"""Layers of a picture of a map: points in colors of objects, and boxes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import BACKGROUND, MapObject
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.mapping.pictures.annotations import Color
from scenerep_ros.mapping.pictures.projection import Camera, Extent, corners
from scenerep_ros.mapping.pictures.splats import draw_points
from scenerep_ros.render import id_colors

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_EDGES = [(i, i | bit) for i in range(8) for bit in (1, 2, 4) if not i & bit]


@dataclass(frozen=True)
class LayerConstants:
    """Tuned constants of the layers of a picture."""

    opacity: float = tuned(
        0.55, "opacity of the objects' colors", set_on="argument: the texture stays visible"
    )


CONSTANTS = LayerConstants()


def draw_map(
    snapshot: MapSnapshot, extent: Extent, camera: Camera, is_shown: Mask | None = None
) -> Image:
    """Draw points in the colors of their objects, without structure above the objects."""
    colors = _blended(snapshot.points.colors, snapshot.points.labels)
    return draw_low_points(snapshot, extent, camera, colors, is_shown)


def draw_low_points(
    snapshot: MapSnapshot,
    extent: Extent,
    camera: Camera,
    colors: Image,
    is_shown: Mask | None = None,
) -> Image:
    """Draw points in given colors (n, 3), without structure above the objects."""
    positions = snapshot.points.positions
    is_drawn = snapshot.points.labels != BACKGROUND
    is_drawn |= positions @ extent.axes[2] <= extent.high[2]
    if is_shown is not None:
        is_drawn &= is_shown
    return draw_points(camera, positions[is_drawn], colors[is_drawn], snapshot.voxel_size)


def draw_box(
    image: Image, camera: Camera, item: MapObject, color: Color, thickness: int = 1
) -> None:
    """Draw the edges of the box of an object."""
    columns, rows, _ = camera.project(corners(item.box))
    for first, second in _EDGES:
        start, end = ((int(columns[i]), int(rows[i])) for i in (first, second))
        cv2.line(image, start, end, color, thickness, cv2.LINE_AA)


def object_color(item: MapObject) -> Color:
    """Return the color of an object's id (RGB)."""
    red, green, blue = id_colors([item.id])[0].tolist()
    return red, green, blue


def _blended(colors: Image, labels: NDArray[np.int32]) -> Image:
    opacity = np.where(labels == BACKGROUND, 0.0, CONSTANTS.opacity)[:, None]
    return ((1 - opacity) * colors + opacity * id_colors(labels)).astype(np.uint8)
