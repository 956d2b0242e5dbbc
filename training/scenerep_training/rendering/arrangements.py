"""Arrangements of household objects that settle on tables, floors, boards and shelves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scenerep_training.rendering.assets import prints, textures
from scenerep_training.rendering.assets.meshes import box, tiled_box
from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.objects import accessories, furniture, household
from scenerep_training.rendering.objects.household import Builder
from scenerep_training.rendering.physics import settle
from scenerep_training.rendering.placement import footprint, place_on
from scenerep_training.rendering.scene import Item, Material, Part, Role, Scene, Surface
from scenerep_training.rendering.table import (
    build_surroundings,
    build_table,
    lit_scene,
    random_material,
    structure_item,
)
from scenerep_training.rendering.viewing.views import View


@dataclass(frozen=True)
class Arrangement:
    """A scene, and from where it is seen."""

    scene: Scene
    view: View


def _scatter(
    rng: Rng, builders: Sequence[Builder], count: int, reach: float, gap: float = 0.02
) -> list[Item]:
    """Place objects apart from each other around the origin, just above z = 0."""
    placed: list[Item] = []
    for _ in range(count):
        item = builders[int(rng.integers(len(builders)))](rng)
        for _ in range(40):
            trial = item.at((*rng.uniform(-reach, reach, 2), 0.004), rng.uniform(0, 2 * np.pi))
            if all(_gap(trial, other) > gap for other in placed):
                placed.append(trial)
                break
    return placed


def _gap(first: Item, second: Item) -> float:
    a, b = footprint(first), footprint(second)
    return float(np.maximum(a[0] - b[1], b[0] - a[1]).max())


def _pour(rng: Rng, builders: Sequence[Builder], count: int, spread: float) -> list[Item]:
    """Stack objects in random orientations above the origin, to be dropped."""
    items, z = [], 0.1
    for _ in range(count):
        item = builders[int(rng.integers(len(builders)))](rng)
        x, y = rng.normal(0, spread, 2).clip(-1.6 * spread, 1.6 * spread)
        placed = item.at((x, y, z), rng.uniform(0, 2 * np.pi))
        items.append(_tumbled(placed, rng) if rng.random() < 0.4 else placed)
        z += 0.07
    return items


def _tumbled(item: Item, rng: Rng) -> Item:
    """Lay an item on its side."""
    pose = item.pose.copy()
    angle = rng.choice([-1, 1]) * np.pi / 2
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    pose[:3, :3] = pose[:3, :3] @ turn
    pose[2, 3] += 0.06
    return replace(item, pose=pose)


def few(rng: Rng) -> Arrangement:
    """A few objects apart from each other on a table."""
    table = build_table(rng)
    objects = settle(
        table, _scatter(rng, household.ASSORTED, int(rng.integers(3, 7)), 0.24, 0.03), 0
    )
    return Arrangement(lit_scene(rng, table, objects), View())


def pile(rng: Rng) -> Arrangement:
    """A pile of objects on a table."""
    table = build_table(rng)
    objects = settle(table, _pour(rng, household.ASSORTED, int(rng.integers(8, 14)), 0.09), 0)
    return Arrangement(lit_scene(rng, table, objects), View())


def stack(rng: Rng) -> Arrangement:
    """Stacked boxes of similar color, some with flush faces."""
    table, color = build_table(rng), textures.random_color(rng)
    plain = rng.random() < 0.5
    size = rng.uniform((0.1, 0.08, 0.06), (0.18, 0.14, 0.1))
    objects = []
    for column in range(int(rng.integers(2, 4))):
        z = 0.002
        for _ in range(int(rng.integers(1, 4))):
            extent = size * (1 if rng.random() < 0.5 else rng.uniform(0.75, 1.1, 3))
            tint = (color + rng.normal(0, 6, 3)).clip(15, 235)
            atlas = prints.cardboard_atlas(rng, tint) if plain else prints.package_atlas(rng, tint)
            carton = Item("carton", (Part(box(*extent), Material(atlas, 0.08)),))
            x = (column - 1) * (size[0] * 1.1 + 0.004) + rng.normal(0, 0.004)
            objects.append(carton.at((x, rng.normal(0, 0.012), z), rng.normal(0, 0.06)))
            z += extent[2] + 0.003
    return Arrangement(lit_scene(rng, table, settle(table, objects, 0)), View())


def floor(rng: Rng) -> Arrangement:
    """Objects on the floor beside a wall."""
    ground = build_surroundings(rng, 0, rng.uniform(0.3, 0.5))
    builders = [*household.ASSORTED, household.cardboard_box, household.vase]
    objects = settle(ground, _scatter(rng, builders, int(rng.integers(4, 9)), 0.28), 0)
    view = View(distance=(1.1, 1.5), elevation_deg=(25, 50))
    return Arrangement(lit_scene(rng, ground, objects, height=2.4), view)


def board(rng: Rng) -> Arrangement:
    """A table with a raised board; objects stand on both."""
    table, material = build_table(rng), random_material(rng)
    width, depth, height = rng.uniform((0.35, 0.22, 0.04), (0.55, 0.32, 0.12))
    x, y = rng.uniform(-0.12, 0.12), rng.uniform(0.02, 0.14)
    top = Part(tiled_box(width, depth, 0.02), material).moved((0, 0, height - 0.02))
    feet = [
        Part(tiled_box(0.03, depth, height - 0.02), material).moved((s * width * 0.42, 0, 0))
        for s in (-1, 1)
    ]
    raised = structure_item("board", [top, *feet], (x, y, 0))
    surface = Surface((-width / 2, -depth / 2), (width / 2, depth / 2), height + 0.003)
    objects = place_on(raised, surface, household.ASSORTED, int(rng.integers(2, 5)), rng)
    below = _scatter(rng, household.ASSORTED, int(rng.integers(3, 6)), 0.3)
    objects += [item for item in below if _gap(item, raised) > 0.01]
    structure = [*table, raised]
    return Arrangement(lit_scene(rng, structure, settle(structure, objects, 0)), View())


def shelf(rng: Rng) -> Arrangement:
    """A shelf from the front, with objects on its boards."""
    furniture_item = furniture.shelf(rng)
    rack = replace(furniture_item, role=Role.STRUCTURE)
    boards = [s for s in rack.surfaces if np.isfinite(s.clearance)]
    first = int(rng.integers(0, max(1, len(boards) - 2)))
    objects = []
    for level in boards[first : first + 3]:
        objects += place_on(rack, level, household.ASSORTED, int(rng.integers(2, 6)), rng)
    structure = [*build_surroundings(rng, 0, rack.bounds[1, 1] + 0.01), rack]
    middle = boards[min(first + 1, len(boards) - 1)].height
    view = View((0, 0, middle + 0.08), (0.9, 1.2), (-5, 25), (-25, 25))
    return Arrangement(lit_scene(rng, structure, settle(structure, objects, 0), height=2.4), view)


def rimmed_box(rng: Rng) -> Arrangement:
    """Objects in an open box with a rim."""
    table = build_table(rng)
    width, depth, height = rng.uniform((0.34, 0.26, 0.05), (0.46, 0.36, 0.12))
    material, wall = random_material(rng), 0.012
    parts = [Part(tiled_box(width, depth, 0.008), material)]
    for side in (-1, 1):
        parts.append(Part(tiled_box(wall, depth, height), material).moved((side * width / 2, 0, 0)))
        parts.append(
            Part(tiled_box(width + wall, wall, height), material).moved((0, side * depth / 2, 0))
        )
    tray = structure_item("box", parts)
    objects = _pour(rng, household.ASSORTED, int(rng.integers(5, 10)), 0.06)
    structure = [*table, tray]
    view = View(elevation_deg=(40, 70))
    return Arrangement(lit_scene(rng, structure, settle(structure, objects, 0)), view)


def desk(rng: Rng) -> Arrangement:
    """A desk with a screen, which is an object, and things around it."""
    table = build_table(rng, wall=rng.uniform(0.42, 0.6))
    screen = accessories.monitor(rng).at((rng.uniform(-0.1, 0.1), 0.22, 0.002), rng.normal(0, 0.15))
    screen_hulls = tuple(np.asarray(part.mesh.vertices) for part in screen.parts)
    screen = replace(screen, collision_hulls=screen_hulls)
    keys = accessories.keyboard(rng).at((screen.pose[0, 3], -0.02, 0.003), rng.normal(0, 0.1))
    objects = [screen, keys]
    builders = [
        household.mug,
        household.book,
        household.pen,
        household.can,
        household.phone,
        household.carton,
    ]
    for thing in _scatter(rng, builders, int(rng.integers(3, 7)), 0.36):
        if all(_gap(thing, other) > 0.01 for other in objects):
            objects.append(thing)
    view = View((0, 0.08, 0.12), (1.0, 1.3), (20, 45))
    return Arrangement(lit_scene(rng, table, settle(table, objects, 0)), view)


def thin(rng: Rng) -> Arrangement:
    """Thin and flat objects on a table."""
    table = build_table(rng)
    builders = (household.card, household.pen, household.phone, household.plate, household.book)
    objects = settle(table, _scatter(rng, builders, int(rng.integers(5, 10)), 0.26, 0.01), 0)
    return Arrangement(lit_scene(rng, table, objects), View(distance=(0.7, 0.95)))


def clear(rng: Rng) -> Arrangement:
    """Clear and black objects on a table."""
    table = build_table(rng)
    builders = (
        household.glass,
        household.clear_bottle,
        household.black_object,
        household.black_object,
    )
    objects = settle(table, _scatter(rng, builders, int(rng.integers(4, 8)), 0.24), 0)
    return Arrangement(lit_scene(rng, table, objects), View())


def rolled(rng: Rng) -> Arrangement:
    """A table seen by a rolled camera, or from above."""
    if rng.random() < 0.5:
        view = View(elevation_deg=(78, 89), azimuth_deg=(-180, 180))
    else:
        view = View(roll_deg=(40, 320))
    return replace(few(rng) if rng.random() < 0.6 else pile(rng), view=view)


def far(rng: Rng) -> Arrangement:
    """A table from 2.2 to 2.7 m."""
    return replace(few(rng), view=View(distance=(2.2, 2.7), elevation_deg=(20, 40)))


def near(rng: Rng) -> Arrangement:
    """A table from 0.5 to 0.6 m."""
    return replace(few(rng), view=View(distance=(0.55, 0.68), elevation_deg=(35, 60)))


def mixed(rng: Rng) -> Arrangement:
    """A table with separate objects or a pile."""
    return few(rng) if rng.random() < 0.5 else pile(rng)


def time_of_flight(rng: Rng) -> Arrangement:
    """A table seen by a camera of 93 degrees."""
    return replace(mixed(rng), view=View(distance=(0.6, 0.85)))


ARRANGEMENTS: dict[str, Callable[[Rng], Arrangement]] = {
    "few": few,
    "pile": pile,
    "stack": stack,
    "floor": floor,
    "board": board,
    "shelf": shelf,
    "box": rimmed_box,
    "desk": desk,
    "thin": thin,
    "clear": clear,
    "rolled": rolled,
    "far": far,
    "near": near,
    "stereo": mixed,
    "small": mixed,
    "time_of_flight": time_of_flight,
}
"""Arrangements by the name of their kind."""
