"""Tables with floor, wall and light, on which objects are arranged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenerep_training.rendering.assets import textures
from scenerep_training.rendering.assets.meshes import tiled_box
from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.scene import Item, Light, Material, Part, Role, Scene

TABLE_HEIGHT_M = 0.74
"""Height of a table above the floor [m]; its top is z = 0."""


def random_material(rng: Rng) -> Material:
    """Return wood, fabric, marble or plastic of a random color."""
    if rng.random() < 0.6:
        return Material(textures.wood(rng), rng.uniform(0.03, 0.25))
    pattern = (textures.fabric, textures.marble, textures.plastic)[rng.integers(3)]
    return Material(pattern(rng, textures.random_color(rng)), rng.uniform(0, 0.2))


def structure_item(
    name: str, parts: Sequence[Part], position: tuple[float, float, float] = (0, 0, 0)
) -> Item:
    """Combine parts to an item of the structure at a position [m]."""
    return Item(name, tuple(parts), role=Role.STRUCTURE).at(position)


def build_surroundings(rng: Rng, floor: float, wall: float) -> list[Item]:
    """Build the floor at a height and a wall behind at a distance [m]."""
    base = (
        textures.planks(rng)
        if rng.random() < 0.5
        else textures.carpet(rng, textures.random_color(rng))
    )
    ground = Part(tiled_box(20, 20, 0.1, tile=1.0), Material(base, 0.05))
    paint = textures.plaster(rng, textures.neutral_color(rng))
    if rng.random() < 0.4:
        paint = textures.wallpaper(rng, textures.neutral_color(rng))
    back = Part(tiled_box(20, 0.1, 4, tile=1.6), Material(paint))
    return [
        structure_item("floor", [ground], (0, 0, floor - 0.1)),
        structure_item("wall", [back], (0, wall + 0.05, floor)),
    ]


def build_table(rng: Rng, wall: float | None = None) -> list[Item]:
    """Build a table whose top is z = 0, with floor and wall."""
    size = rng.uniform((1.1, 0.75), (1.6, 0.95)).tolist()
    material = random_material(rng)
    parts = [Part(tiled_box(size[0], size[1], 0.035), material).moved((0, 0, -0.035))]
    legs = Part(tiled_box(0.06, 0.06, TABLE_HEIGHT_M - 0.035), material)
    for x in (-1, 1):
        for y in (-1, 1):
            parts.append(
                legs.moved((x * (size[0] / 2 - 0.06), y * (size[1] / 2 - 0.06), -TABLE_HEIGHT_M))
            )
    distance = size[1] / 2 + rng.uniform(0.02, 1.2) if wall is None else wall
    return [*build_surroundings(rng, -TABLE_HEIGHT_M, distance), structure_item("table", parts)]


def lit_scene(rng: Rng, structure: list[Item], objects: list[Item], height: float = 1.7) -> Scene:
    """Combine items with a ceiling lamp at a height above the support and light from a window."""
    lamp = Light(
        np.array([*rng.uniform(-0.6, 0.6, 2), height]),
        np.array([[0.5, 0, 0], [0, 0.5, 0]]),
        rng.uniform(1.5, 2.6) * np.array([1, 0.94, 0.84]),
    )
    side = rng.choice([-1, 1])
    window = Light(
        np.array([2.2 * side, -0.8, 0.9]),
        np.array([[0, 1.1, 0], [0, 0, 1.0]]),
        rng.uniform(0.8, 3) * np.array([0.88, 0.96, 1.08]),
    )
    ambient = rng.uniform(0.3, 0.45) * np.ones(3)
    return Scene(dict(enumerate([*structure, *objects], 1)), (lamp, window), ambient)
