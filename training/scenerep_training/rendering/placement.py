"""Placement of items without overlap: in a room, and on the surfaces of other items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import trimesh

from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.objects.household import book
from scenerep_training.rendering.objects.shell import WALL_YAWS, RoomSize
from scenerep_training.rendering.scene import Item, Surface, upright_pose
from scenerep_training.rendering.viewing.camera import Array

ATTEMPTS = 40
"""Number of random positions that are tried before an item is left out."""


def footprint(item: Item) -> Array:
    """Return the axis-aligned rectangle (2, 2) that an item covers in the world [m]."""
    points = item.vertices[:, :2] @ item.pose[:2, :2].T + item.pose[:2, 3]
    return np.stack([points.min(0), points.max(0)])


class FloorPlan:
    """Occupied rectangles of a room.

    Args:
        size: of the room.
        rng: generator of all positions.
    """

    def __init__(self, size: RoomSize, rng: Rng) -> None:
        self.size = size
        self._rng = rng
        self.items: list[Item] = []
        self._occupied: list[Array] = []

    def is_free(self, rectangle: Array, margin: float) -> bool:
        """Return whether a rectangle (2, 2) lies in the room and `margin` [m] from all others."""
        half = np.array([self.size.width, self.size.depth]) / 2 - 0.01
        if (rectangle[0] < -half).any() or (rectangle[1] > half).any():
            return False
        low, high = rectangle[0] - margin, rectangle[1] + margin
        return all((high < other[0]).any() or (low > other[1]).any() for other in self._occupied)

    def block(self, rectangle: Array) -> None:
        """Keep a rectangle (2, 2) free of furniture."""
        self._occupied.append(rectangle)

    def add(self, item: Item, margin: float = 0.04) -> bool:
        """Add an item at its pose unless it overlaps another one; return whether it was added."""
        rectangle = footprint(item)
        if not self.is_free(rectangle, margin):
            return False
        self.block(rectangle)
        self.items.append(item)
        return True

    def add_at_wall(self, item: Item, wall: int | None = None, gap: float = 0.02) -> Item | None:
        """Add an item with its back to a wall, or return None if no position is free."""
        width, back = np.abs(item.bounds[:, 0]).max(), item.bounds[1, 1]
        for _ in range(ATTEMPTS):
            side = int(self._rng.integers(4)) if wall is None else wall
            reach = self.size.wall_length(side) / 2 - width - 0.03
            if reach <= 0:
                continue
            along = self._rng.uniform(-reach, reach)
            placed = item.at(self.size.on_wall(side, along, back + gap), WALL_YAWS[side])
            if self.add(placed):
                return placed
        return None

    def add_freely(self, item: Item, margin: float = 0.3) -> Item | None:
        """Add an item anywhere on the floor, or return None if no position is free."""
        half = np.array([self.size.width, self.size.depth]) / 2
        for _ in range(ATTEMPTS):
            x, y = self._rng.uniform(-half, half)
            placed = item.at((x, y, 0), self._rng.uniform(0, 2 * np.pi))
            if self.add(placed, margin):
                return placed
        return None

    def add_beside(
        self, item: Item, anchor: Item, offset: tuple[float, float], yaw: float = 0.0
    ) -> Item | None:
        """Add an item at an offset (x, y) [m] and yaw [rad] in the frame of another one."""
        x, y, _, _ = anchor.pose @ (*offset, 0, 1)
        turn = np.arctan2(anchor.pose[1, 0], anchor.pose[0, 0]) + yaw
        placed = item.at((x, y, 0), turn)
        return placed if self.add(placed, 0.01) else None


def place_on(
    support: Item, surface: Surface, builders: Sequence[Callable[[Rng], Item]], count: int, rng: Rng
) -> list[Item]:
    """Place items on a surface of an item, without overlap."""
    placed: list[Item] = []
    occupied: list[Array] = []
    low, high = np.array(surface.low), np.array(surface.high)
    for _ in range(count):
        item = builders[int(rng.integers(len(builders)))](rng)
        if item.bounds[1, 2] > surface.clearance - 0.01:
            continue
        for _ in range(ATTEMPTS):
            local = item.at((*rng.uniform(low, high), surface.height), _yaw(rng))
            rectangle = footprint(local)
            is_inside = (rectangle[0] >= low).all() and (rectangle[1] <= high).all()
            if is_inside and not any(_overlap(rectangle, other) for other in occupied):
                occupied.append(rectangle)
                placed.append(replace(local, pose=support.pose @ local.pose))
                break
    return placed


def row_of_books(support: Item, surface: Surface, count: int, rng: Rng) -> list[Item]:
    """Place upright books side by side on a board, their spines to the front."""
    books, x = [], surface.low[0] + rng.uniform(0.01, 0.1)
    for _ in range(count):
        upright = _stand(book(rng))
        width, depth, height = np.ptp(upright.bounds, axis=0)
        if x + width > surface.high[0]:
            break
        if height < surface.clearance - 0.01 and depth < surface.high[1] - surface.low[1]:
            y = surface.low[1] + depth / 2 + rng.uniform(0.0, 0.03)
            pose = support.pose @ upright_pose((x + width / 2, y, surface.height))
            books.append(replace(upright, pose=pose))
            x += width + rng.uniform(0.0005, 0.004)
    return books


def _stand(lying: Item) -> Item:
    """Turn a book that lies on its cover upright, with its spine still in front."""
    turn = trimesh.transformations.rotation_matrix(-np.pi / 2, (0, 1, 0))
    part = lying.parts[0].transformed(turn)
    low, high = part.mesh.bounds
    center = (low + high) / 2
    return replace(lying, parts=(part.moved((-center[0], -center[1], -low[2])),))


def _yaw(rng: Rng) -> float:
    """Draw a yaw [rad]: mostly aligned, sometimes arbitrary."""
    return float(rng.normal(0, 0.15) if rng.random() < 0.6 else rng.uniform(0, 2 * np.pi))


def _overlap(first: Array, second: Array, margin: float = 0.008) -> bool:
    return bool((first[0] < second[1] + margin).all() and (second[0] < first[1] + margin).all())
