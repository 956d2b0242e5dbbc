"""Pictures of maps: top view, turntable, and changes, by projection of the points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import BACKGROUND, MapObject
from scenerep_ros.mapping.difference import MapDifference
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.mapping.pictures.annotations import (
    FOOTER_PX,
    HEADER_PX,
    Color,
    Label,
    draw_labels,
    draw_legend,
    make_footer,
    make_header,
)
from scenerep_ros.mapping.pictures.projection import CONSTANTS as PROJECTION
from scenerep_ros.mapping.pictures.projection import (
    Camera,
    Extent,
    corners,
    measure_extent,
    top_camera,
)
from scenerep_ros.mapping.pictures.splats import draw_points
from scenerep_ros.render import id_colors

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_TEXT_GAP_PX = 10  # constant: half a line
_EDGES = [(i, i | bit) for i in range(8) for bit in (1, 2, 4) if not i & bit]


@dataclass(frozen=True)
class DrawingConstants:
    """Tuned constants of the pictures of a map."""

    opacity: float = tuned(
        0.55, "opacity of the objects' colors", set_on="argument: the texture stays visible"
    )
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
    label_rings: int = tuned(
        6, "number of rings on which labels of a still picture are moved", set_on="argument: 90 px"
    )
    context_opacity: float = tuned(
        0.4,
        "opacity of the white over what has not changed",
        set_on="argument: the changes stand out, and the room stays recognizable",
    )


CONSTANTS = DrawingConstants()

ADDED = (0, 150, 60)  # constant: green
REMOVED = (215, 40, 40)  # constant: red
MOVED = (30, 100, 230)  # constant: blue
UNSEEN = (120, 120, 120)  # constant: gray


def draw_top_view(snapshot: MapSnapshot, objects: tuple[MapObject, ...] | None = None) -> Image:
    """Draw the map from above, without what is higher than its objects, with scale and axes.

    Args:
        snapshot: the map.
        objects: objects whose boxes and ids are drawn; None draws all.

    Returns:
        (H, W, 3) uint8, RGB; the longer side of the picture is that of the map.
    """
    extent = measure_extent(snapshot)
    camera = top_camera(extent, FOOTER_PX)
    selected = _largest_first(snapshot.objects if objects is None else objects)
    image = _draw_map(snapshot, extent, camera)
    for item in selected:
        _draw_box(image, camera, item, _color(item))
    labels = [Label(str(item.id), camera.pixel(item.box.center), _color(item)) for item in selected]
    draw_labels(image, labels, CONSTANTS.label_rings)
    footer = make_footer(camera.size[0], camera.focal, camera.rotation)
    return np.vstack([image, footer])


def draw_difference(before: MapSnapshot, after: MapSnapshot, difference: MapDifference) -> Image:
    """Draw the top views of two maps side by side at one scale, and mark what has changed.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    extent = measure_extent(before, after)
    camera = top_camera(extent, HEADER_PX + FOOTER_PX)
    moved = difference.moved
    marks_before = [_Mark(item, REMOVED, str(item.id)) for item in difference.removed]
    marks_before += [_Mark(move.before, MOVED, str(move.before.id)) for move in moved]
    marks_before += [_Mark(item, UNSEEN) for item in difference.unseen]
    marks_after = [_Mark(item, ADDED, str(item.id)) for item in difference.added]
    marks_after += [
        _Mark(move.after, MOVED, f"{move.after.id}, was {move.before.id}", move.before.box.center)
        for move in moved
    ]
    images = [
        _draw_marked(before, extent, camera, marks_before),
        _draw_marked(after, extent, camera, marks_after),
    ]
    width = camera.size[0]
    headers = [make_header(width, title) for title in ("before", "after")]
    footers = [make_footer(width, camera.focal, camera.rotation), _make_legend(width, difference)]
    return np.vstack([np.hstack(strip) for strip in (headers, images, footers)])


def _make_legend(width: int, difference: MapDifference) -> Image:
    legend = np.full((FOOTER_PX, width, 3), 255, np.uint8)
    entries = [
        (f"{len(difference.added)} added", ADDED),
        (f"{len(difference.removed)} removed", REMOVED),
        (f"{len(difference.moved)} moved", MOVED),
        (f"{len(difference.unseen)} not seen again", UNSEEN),
    ]
    draw_legend(legend, entries)
    return legend


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
        image = _draw_map(snapshot, extent, camera, ~front.hides(rotation))
        for item in snapshot.objects:
            _draw_box(image, camera, item, _color(item))
        nearest = sorted(snapshot.objects, key=lambda item: float(item.box.center @ rotation[2]))
        labels = [
            Label(str(item.id), camera.pixel(item.box.center), _color(item)) for item in nearest
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
    positions = snapshot.points.positions
    sample = positions[:: 1 + len(positions) // CONSTANTS.fitted_points] @ extent.axes.T
    points = sample.clip(extent.low, extent.high) @ extent.axes - extent.center
    half_size = PROJECTION.fill_ratio * np.array(PROJECTION.size_px) / 2
    distances = [np.float32(extent.size.max())]
    for rotation in rotations:
        local = points @ rotation.T
        needed = np.abs(local[:, :2]) * (focal / half_size) - local[:, 2:]
        distances.append(np.float32(needed.max(initial=0.0)))
    return max(distances)


@dataclass(frozen=True)
class _Mark:
    """Highlighted object.

    Attributes:
        item: the object.
        color: RGB.
        text: label; empty for none.
        origin: (3,) place from which an arrow points to the object [m], or None.
    """

    item: MapObject
    color: Color
    text: str = ""
    origin: Floats | None = None


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


def _draw_map(
    snapshot: MapSnapshot, extent: Extent, camera: Camera, is_shown: Mask | None = None
) -> Image:
    """Draw points in the colors of their objects, without structure above the objects."""
    colors = _blended(snapshot.points.colors, snapshot.points.labels)
    return _draw_low(snapshot, extent, camera, colors, is_shown)


def _draw_marked(
    snapshot: MapSnapshot, extent: Extent, camera: Camera, marks: Sequence[_Mark]
) -> Image:
    """Draw a pale top view with some objects in colors, with boxes, arrows and texts."""
    paleness = CONSTANTS.context_opacity
    colors = (paleness * 255 + (1 - paleness) * snapshot.points.colors).astype(np.uint8)
    for mark in marks:
        is_inside = _is_in_box(snapshot, mark.item)
        mixed = (1 - CONSTANTS.opacity) * colors[is_inside]
        colors[is_inside] = (mixed + CONSTANTS.opacity * np.array(mark.color)).astype(np.uint8)
    image = _draw_low(snapshot, extent, camera, colors)
    labels = []
    for mark in marks:
        _draw_box(image, camera, mark.item, mark.color, thickness=2 if mark.text else 1)
        u, v = camera.pixel(mark.item.box.center)
        if mark.origin is not None:
            start = camera.pixel(mark.origin)
            cv2.arrowedLine(image, start, (u, v), mark.color, 2, cv2.LINE_AA, tipLength=0.1)
        if mark.text:
            top = int(camera.project(corners(mark.item.box))[1].min())
            labels.append(Label(mark.text, (u, max(top, 0) - _TEXT_GAP_PX), mark.color))
    draw_labels(image, labels, CONSTANTS.label_rings)
    return image


def _draw_low(
    snapshot: MapSnapshot,
    extent: Extent,
    camera: Camera,
    colors: Image,
    is_shown: Mask | None = None,
) -> Image:
    positions = snapshot.points.positions
    is_drawn = snapshot.points.labels != BACKGROUND
    is_drawn |= positions @ extent.axes[2] <= extent.high[2]
    if is_shown is not None:
        is_drawn &= is_shown
    return draw_points(camera, positions[is_drawn], colors[is_drawn], snapshot.voxel_size)


def _is_in_box(snapshot: MapSnapshot, item: MapObject) -> Mask:
    """Return which points (n,) are points of objects in the box of one."""
    local = (snapshot.points.positions - item.box.center) @ item.box.rotation
    is_inside = (np.abs(local) <= item.box.size / 2 + snapshot.voxel_size).all(axis=1)
    return np.asarray(is_inside & (snapshot.points.labels != BACKGROUND))


def _draw_box(
    image: Image, camera: Camera, item: MapObject, color: Color, thickness: int = 1
) -> None:
    columns, rows, _ = camera.project(corners(item.box))
    for first, second in _EDGES:
        start, end = ((int(columns[i]), int(rows[i])) for i in (first, second))
        cv2.line(image, start, end, color, thickness, cv2.LINE_AA)


def _color(item: MapObject) -> Color:
    red, green, blue = id_colors([item.id])[0].tolist()
    return red, green, blue


def _largest_first(objects: Sequence[MapObject]) -> list[MapObject]:
    return sorted(objects, key=lambda item: -item.point_count)


def _blended(colors: Image, labels: NDArray[np.int32]) -> Image:
    opacity = np.where(labels == BACKGROUND, 0.0, CONSTANTS.opacity)[:, None]
    return ((1 - opacity) * colors + opacity * id_colors(labels)).astype(np.uint8)
