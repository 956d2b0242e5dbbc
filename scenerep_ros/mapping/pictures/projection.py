"""Cameras of the pictures of maps, and the part of space that they show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import BACKGROUND
from scenerep_ros.geometry import Box
from scenerep_ros.mapping.map_snapshot import MapSnapshot

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ProjectionConstants:
    """Tuned constants of the cameras of pictures."""

    size_px: tuple[int, int] = tuned(
        (960, 720),
        "longer and shorter side of a picture",
        unit="px",
        set_on="argument: half of a page",
    )
    extent_percentiles: tuple[float, float] = tuned(
        (2.0, 98.0), "percentiles of the points that bound the scene", set_on="argument: outliers"
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
    fill_ratio: float = tuned(
        0.94, "ratio of the picture that the scene fills", set_on="argument: a margin for labels"
    )


CONSTANTS = ProjectionConstants()


@dataclass(frozen=True)
class Camera:
    """Perspective or orthographic camera.

    Attributes:
        rotation: (3, 3), rows are the axes right, down and forward in the world.
        position: (3,) [m].
        focal: focal length [px], or pixels per meter of an orthographic camera [px/m].
        size: width and height of the picture [px].
        is_perspective: whether the image is divided by depth.
    """

    rotation: Floats
    position: Floats
    focal: float
    size: tuple[int, int]
    is_perspective: bool

    def project(self, points: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
        """Return columns, rows and depth (n,) of points (n, 3)."""
        width, height = self.size
        local = (points - self.position) @ self.rotation.T
        depth = local[:, 2]
        scale = self.focal / np.maximum(depth, 1e-3) if self.is_perspective else self.focal
        limit = 4 * max(width, height)
        columns = np.rint((local[:, 0] * scale).clip(-limit, limit) + width / 2).astype(np.intp)
        rows = np.rint((local[:, 1] * scale).clip(-limit, limit) + height / 2).astype(np.intp)
        return columns, rows, depth.astype(np.float32)

    def pixel(self, point: Floats) -> tuple[int, int]:
        """Return column and row of a point (3,)."""
        columns, rows, _ = self.project(point[None])
        return int(columns[0]), int(rows[0])


@dataclass(frozen=True)
class Extent:
    """Part of space that pictures show.

    Attributes:
        axes: (3, 3), rows are two horizontal axes and the upward one.
        low: (3,) lower bounds along the axes [m].
        high: (3,) upper bounds along the axes [m]; points above are left out.
    """

    axes: Floats
    low: Floats
    high: Floats

    @property
    def center(self) -> Floats:
        """Center (3,) in the world [m]."""
        return np.asarray((self.low + self.high) / 2 @ self.axes, np.float32)

    @property
    def size(self) -> Floats:
        """Lengths (3,) along the axes, at least 0.1 [m]."""
        return np.maximum(self.high - self.low, np.float32(0.1))


def measure_extent(*snapshots: MapSnapshot) -> Extent:
    """Measure the part of space that some maps of one world fill, without outliers."""
    axes = _axes(snapshots[0].up)
    lows, highs, tops = [], [], []
    for snapshot in snapshots:
        local = snapshot.points.positions @ axes.T
        if not len(local):
            continue
        bounds = np.percentile(local, CONSTANTS.extent_percentiles, axis=0)
        boxes = [corners(item.box) @ axes.T for item in snapshot.objects]
        lows.append(np.vstack([bounds[:1], *boxes]).min(axis=0))
        highs.append(np.vstack([bounds[1:], *boxes]).max(axis=0))
        is_object = snapshot.points.labels != BACKGROUND
        if is_object.any():
            top = np.percentile(local[is_object, 2], CONSTANTS.object_height_percentile)
            tops.append(top + CONSTANTS.headroom_m)
    if not lows:
        return Extent(axes, np.zeros(3, np.float32), np.zeros(3, np.float32))
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    high[2] = min(high[2], max(tops, default=np.inf))
    return Extent(axes, low.astype(np.float32), high.astype(np.float32))


def top_camera(extent: Extent, strips_px: int) -> Camera:
    """Create the camera above a scene, of a picture that leaves space for strips [px]."""
    longer, shorter = CONSTANTS.size_px
    is_portrait = extent.size[1] > extent.size[0]
    width, height = (shorter, longer) if is_portrait else (longer, shorter)
    height -= strips_px
    focal = CONSTANTS.fill_ratio * min(width / extent.size[0], height / extent.size[1])
    rotation = np.stack([extent.axes[0], -extent.axes[1], -extent.axes[2]])
    position = extent.center + extent.axes[2] * np.float32(100)
    return Camera(rotation, position, float(focal), (width, height), is_perspective=False)


def corners(box: Box) -> Floats:
    """Return the corners (8, 3) of a box [m]; bit k of the index is the side along axis k."""
    signs = np.array([[(i >> k & 1) - 0.5 for k in range(3)] for i in range(8)])
    return np.asarray(box.center + (signs * box.size) @ box.rotation.T, np.float32)


def _axes(up: Floats) -> Floats:
    """Return three axes as rows, the last one up."""
    x = np.array([1, 0, 0]) if abs(up[0]) < np.sqrt(0.5) else np.array([0, 1, 0])
    x = x - (x @ up) * up
    x = x / np.linalg.norm(x)
    return np.stack([x, np.cross(up, x), up]).astype(np.float32)
