"""Walls, floor, ceiling and what is part of them: windows, doors, pictures, lamps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scenerep_training.rendering.assets import prints, textures
from scenerep_training.rendering.assets.meshes import tiled_box
from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.objects.parts import panel
from scenerep_training.rendering.scene import Item, Material, Part, Role

WALL_YAWS = (0.0, -np.pi / 2, np.pi, np.pi / 2)
"""Yaw of furniture whose back faces the wall at +y, +x, -y, -x [rad]."""
THICKNESS = 0.1
"""Thickness of walls, floor and ceiling [m]."""


@dataclass(frozen=True)
class RoomSize:
    """Inner size of a room [m]; its center is the origin, its floor is z = 0."""

    width: float
    depth: float
    height: float

    def wall_length(self, wall: int) -> float:
        """Return the length of a wall, which are numbered as in WALL_YAWS [m]."""
        return self.width if wall % 2 == 0 else self.depth

    def on_wall(
        self, wall: int, along: float, gap: float, height: float = 0.0
    ) -> tuple[float, ...]:
        """Return the world point at a position along a wall and a distance from it [m]."""
        yaw = WALL_YAWS[wall]
        away = (self.depth if wall % 2 == 0 else self.width) / 2 - gap
        x, y = np.cos(yaw) * along - np.sin(yaw) * away, np.sin(yaw) * along + np.cos(yaw) * away
        return float(x), float(y), height


def shell(rng: Rng, size: RoomSize) -> list[Item]:
    """Build walls with skirting boards, a floor and a ceiling; all are structure."""
    color = textures.neutral_color(rng)
    floor_color = textures.neutral_color(rng, 90, 190)
    floors = (
        lambda: textures.planks(rng),
        lambda: textures.planks(rng),
        lambda: textures.carpet(rng, textures.random_color(rng)),
        lambda: textures.tiles(rng, floor_color),
    )
    floor = Material(floors[rng.integers(len(floors))](), rng.uniform(0.02, 0.15))
    walls = [Material(_wall_texture(rng, color)) for _ in range(2)]
    ceiling = Material(textures.plaster(rng, (226, 226, 222)))
    extent = size.width + 2 * THICKNESS, size.depth + 2 * THICKNESS, THICKNESS
    items = [
        Item("floor", (Part(tiled_box(*extent, tile=1.0), floor),)).at((0, 0, -THICKNESS)),
        Item("ceiling", (Part(tiled_box(*extent, tile=2.0), ceiling),)).at((0, 0, size.height)),
    ]
    skirting = Material(textures.plastic(rng, textures.neutral_color(rng, 120, 230)))
    for wall in range(4):
        items.append(_wall(size, wall, walls[int(wall == 0)], skirting))
    return [_with_role(item, Role.STRUCTURE) for item in items]


def _wall(size: RoomSize, wall: int, material: Material, skirting: Material) -> Item:
    length = size.wall_length(wall)
    board = Part(tiled_box(length + 2 * THICKNESS, THICKNESS, size.height, tile=1.6), material)
    base = Part(tiled_box(length, 0.012, 0.07), skirting).moved((0, -THICKNESS / 2 - 0.006, 0))
    return Item("wall", (board, base)).at(size.on_wall(wall, 0, -THICKNESS / 2), WALL_YAWS[wall])


def _wall_texture(rng: Rng, color: ArrayLike) -> textures.Image:
    if rng.random() < 0.55:
        return textures.plaster(rng, color)
    if rng.random() < 0.6:
        return textures.wallpaper(rng, color)
    return textures.tiles(rng, (168, 98, 78) if rng.random() < 0.5 else color, 16, 6, offset=True)


def window(rng: Rng) -> Item:
    """Build a window for a wall; its origin is its lower center. Openings are ignored."""
    material = Material(prints.window(rng), emission=2.2)
    return _flat("window", rng.uniform(1.0, 1.8), rng.uniform(1.0, 1.3), material)


def door(rng: Rng) -> Item:
    """Build a closed door. Openings are ignored."""
    return _flat("door", rng.uniform(0.8, 0.95), rng.uniform(1.95, 2.1), Material(prints.door(rng)))


def picture(rng: Rng) -> Item:
    """Build a framed picture for a wall; its origin is its lower center. Pictures are ignored."""
    width, height = rng.uniform((0.35, 0.3), (1.0, 0.75))
    return _flat("picture", width, height, Material(prints.picture(rng), 0.2))


def _flat(name: str, width: float, height: float, face: Material) -> Item:
    frame = Material(textures.wood(np.random.default_rng(int(1e6 * width))), 0.1)
    back = Part(tiled_box(width + 0.06, 0.02, height + 0.06), frame).moved((0, 0.012, -0.03))
    return Item(name, (back, panel(width, height, (0, -0.002, 0), face)), role=Role.IGNORED)


def ceiling_lamp(rng: Rng) -> Item:
    """Build a flat luminous panel that hangs from z = 0."""
    side = rng.uniform(0.4, 0.7)
    material = Material(textures.plastic(rng, (240, 236, 226)), emission=2.5)
    mesh = tiled_box(side, side, 0.05)
    mesh.apply_translation((0, 0, -0.05))
    return Item("ceiling lamp", (Part(mesh, material),), role=Role.IGNORED)


def _with_role(item: Item, role: Role) -> Item:
    return Item(item.name, item.parts, item.pose, role, item.surfaces, item.collision_hulls)
