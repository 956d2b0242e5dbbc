"""Pictures of maps from above: one map, and the changes between two."""

from __future__ import annotations

from collections.abc import Sequence
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
from scenerep_ros.mapping.pictures.layers import CONSTANTS as LAYERS
from scenerep_ros.mapping.pictures.layers import (
    draw_box,
    draw_low_points,
    draw_map,
    object_color,
)
from scenerep_ros.mapping.pictures.projection import (
    Camera,
    Extent,
    corners,
    measure_extent,
    top_camera,
)

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_TEXT_GAP_PX = 10  # constant: half a line


@dataclass(frozen=True)
class DrawingConstants:
    """Tuned constants of the pictures of a map."""

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
    image = draw_map(snapshot, extent, camera)
    for item in selected:
        draw_box(image, camera, item, object_color(item))
    labels = [
        Label(str(item.id), camera.pixel(item.box.center), object_color(item)) for item in selected
    ]
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


def _draw_marked(
    snapshot: MapSnapshot, extent: Extent, camera: Camera, marks: Sequence[_Mark]
) -> Image:
    """Draw a pale top view with some objects in colors, with boxes, arrows and texts."""
    paleness = CONSTANTS.context_opacity
    colors = (paleness * 255 + (1 - paleness) * snapshot.points.colors).astype(np.uint8)
    for mark in marks:
        is_inside = _is_in_box(snapshot, mark.item)
        mixed = (1 - LAYERS.opacity) * colors[is_inside]
        colors[is_inside] = (mixed + LAYERS.opacity * np.array(mark.color)).astype(np.uint8)
    image = draw_low_points(snapshot, extent, camera, colors)
    labels = []
    for mark in marks:
        draw_box(image, camera, mark.item, mark.color, thickness=2 if mark.text else 1)
        u, v = camera.pixel(mark.item.box.center)
        if mark.origin is not None:
            start = camera.pixel(mark.origin)
            cv2.arrowedLine(image, start, (u, v), mark.color, 2, cv2.LINE_AA, tipLength=0.1)
        if mark.text:
            top = int(camera.project(corners(mark.item.box))[1].min())
            labels.append(Label(mark.text, (u, max(top, 0) - _TEXT_GAP_PX), mark.color))
    draw_labels(image, labels, CONSTANTS.label_rings)
    return image


def _is_in_box(snapshot: MapSnapshot, item: MapObject) -> Mask:
    """Return which points (n,) are points of objects in the box of one."""
    local = (snapshot.points.positions - item.box.center) @ item.box.rotation
    is_inside = (np.abs(local) <= item.box.size / 2 + snapshot.voxel_size).all(axis=1)
    return np.asarray(is_inside & (snapshot.points.labels != BACKGROUND))


def _largest_first(objects: Sequence[MapObject]) -> list[MapObject]:
    return sorted(objects, key=lambda item: -item.point_count)
