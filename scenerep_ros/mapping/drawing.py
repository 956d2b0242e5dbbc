"""Pictures of a map: a top view and the views of a turntable, by projection of its points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import BACKGROUND, MapObject
from scenerep_ros.mapping.difference import MapDifference
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.render import draw_text, id_colors

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_EDGES = [(i, i | bit) for i in range(8) for bit in (1, 2, 4) if not i & bit]


@dataclass(frozen=True)
class DrawingConstants:
    """Tuned constants of the pictures of a map."""

    size_px: tuple[int, int] = tuned(
        (960, 720), "width and height of a picture", unit="px", set_on="argument: half of a page"
    )
    opacity: float = tuned(
        0.55, "opacity of the objects' colors", set_on="argument: the texture stays visible"
    )
    elevation_deg: float = tuned(
        40.0, "elevation of the turntable's camera", unit="deg", set_on="argument: shows table tops"
    )
    field_of_view_deg: float = tuned(
        50.0, "horizontal field of view of the turntable's camera", unit="deg", set_on="argument"
    )
    extent_percentiles: tuple[float, float] = tuned(
        (2.0, 98.0), "percentiles of the points that bound the scene", set_on="argument: outliers"
    )
    max_splat_px: int = tuned(
        3,
        "size of a voxel in the image above which it is drawn in a smaller one",
        unit="px",
        set_on="argument: time of a picture",
    )
    splat_size: float = tuned(
        1.3,
        "side of the square of a point, in voxels",
        set_on="argument: leaves no holes at 45 deg",
    )
    headroom_m: float = tuned(
        0.2,
        "height above the objects from which structure is left out",
        unit="m",
        set_on="argument: a ceiling or an upper wall hides the objects",
    )
    object_height_percentile: float = tuned(
        98.0, "percentile of the height of objects' points", set_on="argument: outliers"
    )
    min_front_ratio: float = tuned(
        0.35,
        "distance in front of the center, relative to the radius, from which structure is left out",
        set_on="argument: the walls between camera and objects hide them",
    )


CONSTANTS = DrawingConstants()


@dataclass(frozen=True)
class _Camera:
    """Perspective or orthographic camera.

    Attributes:
        rotation: (3, 3), rows are the axes right, down and forward in the world.
        position: (3,) [m].
        focal: focal length [px], or pixels per meter of an orthographic camera [px/m].
        is_perspective: whether the image is divided by depth.
    """

    rotation: Floats
    position: Floats
    focal: float
    is_perspective: bool

    def project(self, points: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
        """Return columns, rows and depth (n,) of points (n, 3)."""
        width, height = CONSTANTS.size_px
        local = (points - self.position) @ self.rotation.T
        depth = local[:, 2]
        scale = self.focal / np.maximum(depth, 1e-3) if self.is_perspective else self.focal
        limit = 4 * max(width, height)
        columns = np.rint((local[:, 0] * scale).clip(-limit, limit) + width / 2).astype(np.intp)
        rows = np.rint((local[:, 1] * scale).clip(-limit, limit) + height / 2).astype(np.intp)
        return columns, rows, depth.astype(np.float32)


def draw_top_view(snapshot: MapSnapshot, objects: tuple[MapObject, ...] | None = None) -> Image:
    """Draw the map from above, without what is higher than its objects.

    Args:
        snapshot: the map.
        objects: objects whose boxes and ids are drawn; None draws all.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    scene = _Scene(snapshot)
    width, height = CONSTANTS.size_px
    extent = np.maximum(np.ptp(scene.bounds[:, :2], axis=0), 0.1)
    focal = 0.92 * min(width / extent[0], height / extent[1])
    rotation = np.stack([scene.axes[0], -scene.axes[1], -scene.axes[2]])
    position = scene.center + scene.axes[2] * np.float32(100)
    camera = _Camera(rotation, position, focal, is_perspective=False)
    return scene.draw(camera, scene.is_low, snapshot.objects if objects is None else objects)


def draw_difference(before: MapSnapshot, after: MapSnapshot, difference: MapDifference) -> Image:
    """Draw the top views of two maps side by side, with boxes around what has changed.

    Returns:
        (H, 2 W, 3) uint8, RGB.
    """
    gone = difference.removed + tuple(move.before for move in difference.moved)
    new = difference.added + tuple(move.after for move in difference.moved)
    images = [draw_top_view(before, gone), draw_top_view(after, new)]
    for image, title in zip(images, ("before", "after"), strict=True):
        draw_text(image, title, (60, 20), scale=0.8)
    return np.hstack(images)


def draw_turntable(snapshot: MapSnapshot, count: int) -> Iterator[Image]:
    """Yield `count` views (H, W, 3) uint8 RGB on a circle around the map."""
    scene = _Scene(snapshot)
    elevation = np.radians(CONSTANTS.elevation_deg)
    half_angle = np.radians(CONSTANTS.field_of_view_deg / 2)
    focal = CONSTANTS.size_px[0] / 2 / np.tan(half_angle)
    for azimuth in np.linspace(0, 2 * np.pi, count, endpoint=False):
        around = np.cos(azimuth) * scene.axes[0] + np.sin(azimuth) * scene.axes[1]
        backward = np.cos(elevation) * around + np.sin(elevation) * scene.axes[2]
        right = np.cross(scene.axes[2], around)
        down = np.cross(-backward, right)
        position = scene.center + backward * np.float32(scene.radius / np.tan(half_angle) + 0.2)
        camera = _Camera(np.stack([right, down, -backward]), position, focal, is_perspective=True)
        front = (scene.positions - scene.center) @ around
        is_front = ~scene.is_object & (front > CONSTANTS.min_front_ratio * scene.radius)
        is_visible = scene.is_low & ~(is_front & scene.is_above_floor)
        yield scene.draw(camera, is_visible, snapshot.objects)


class _Scene:
    """Points of a map with the colors of their objects, and the extent of the scene."""

    def __init__(self, snapshot: MapSnapshot) -> None:
        points = snapshot.points
        self.positions, self.is_object = points.positions, points.labels != BACKGROUND
        self._colors = _blended(points.colors, points.labels)
        self._voxel_size = snapshot.voxel_size
        self.axes = _axes(snapshot.up)
        local = self.positions @ self.axes.T
        if not len(local):
            local = np.zeros((1, 3), np.float32)
        heights = local[:, 2]
        self.bounds = np.percentile(local, CONSTANTS.extent_percentiles, axis=0)
        if self.is_object.any():
            highest = np.percentile(heights[self.is_object], CONSTANTS.object_height_percentile)
            self.bounds[1, 2] = min(self.bounds[1, 2], highest + CONSTANTS.headroom_m)
        self.is_low = self.is_object | (heights[: len(self.positions)] <= self.bounds[1, 2])
        self.is_above_floor = heights > self.bounds[0, 2] + CONSTANTS.headroom_m
        self.center = (self.bounds.mean(axis=0) @ self.axes).astype(np.float32)
        self.radius = max(float(np.linalg.norm(np.ptp(self.bounds, axis=0)) / 2), 0.1)

    def draw(self, camera: _Camera, is_visible: Mask, objects: tuple[MapObject, ...]) -> Image:
        """Project the visible points, then draw boxes and ids over them."""
        image = _splat(
            camera, self.positions[is_visible], self._colors[is_visible], self._voxel_size
        )
        for item in objects:
            color = id_colors([item.id])[0].tolist()
            columns, rows, _ = camera.project(_corners(item))
            for first, second in _EDGES:
                start, end = ((int(columns[i]), int(rows[i])) for i in (first, second))
                cv2.line(image, start, end, color, 1, cv2.LINE_AA)
        for item in objects:
            columns, rows, _ = camera.project(item.box.center[None])
            draw_text(image, str(item.id), (int(columns[0]), int(rows[0])))
        return image


def _axes(up: Floats) -> Floats:
    """Return three axes as rows, the last one up."""
    x = np.array([1, 0, 0]) if abs(up[0]) < np.sqrt(0.5) else np.array([0, 1, 0])
    x = x - (x @ up) * up
    x = x / np.linalg.norm(x)
    return np.stack([x, np.cross(up, x), up]).astype(np.float32)


def _blended(colors: Image, labels: NDArray[np.int32]) -> Image:
    opacity = np.where(labels == BACKGROUND, 0.0, CONSTANTS.opacity)[:, None]
    return ((1 - opacity) * colors + opacity * id_colors(labels)).astype(np.uint8)


def _corners(item: MapObject) -> Floats:
    """Return the corners (8, 3) of an object's box; bit k of the index is the side along axis k."""
    signs = np.array([[(i >> k & 1) - 0.5 for k in range(3)] for i in range(8)])
    return np.asarray(item.box.center + (signs * item.box.size) @ item.box.rotation.T, np.float32)


def _splat(camera: _Camera, points: Floats, colors: Image, voxel_size: float) -> Image:
    """Draw each point as a square of the size of its voxel; nearer ones hide others."""
    width, height = CONSTANTS.size_px
    columns, rows, depth = camera.project(points)
    scale = (
        camera.focal / np.median(depth) if camera.is_perspective and len(depth) else camera.focal
    )
    # Draw large squares in a smaller image, where each covers few pixels.
    factor = max(1, round(voxel_size * scale / CONSTANTS.max_splat_px))
    side = int(np.ceil(CONSTANTS.splat_size * voxel_size * scale / factor))
    shape = -(-height // factor), -(-width // factor)
    order = np.argsort(-depth)
    columns, rows = columns[order] // factor, rows[order] // factor
    depth, colors = depth[order], colors[order]
    image = np.full((shape[0] * shape[1], 3), 255, np.uint8)
    nearest = np.full(shape[0] * shape[1], np.inf, np.float32)
    shifts = range(-(side // 2), side - side // 2)
    for shift_y, shift_x in product(shifts, shifts):
        u, v = columns + shift_x, rows + shift_y
        inside = (u >= 0) & (u < shape[1]) & (v >= 0) & (v < shape[0]) & (depth > 0)
        # Of points with one pixel the last, nearest one remains.
        candidate = np.full(len(image), -1, np.intp)
        candidate[v[inside] * shape[1] + u[inside]] = np.flatnonzero(inside)
        pixels = np.flatnonzero(candidate >= 0)
        pixels = pixels[depth[candidate[pixels]] < nearest[pixels]]
        nearest[pixels] = depth[candidate[pixels]]
        image[pixels] = colors[candidate[pixels]]
    enlarged = cv2.resize(
        image.reshape(*shape, 3),
        (shape[1] * factor, shape[0] * factor),
        interpolation=cv2.INTER_NEAREST,
    )
    return np.ascontiguousarray(enlarged[:height, :width])
