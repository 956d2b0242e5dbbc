"""Decoration of furniture: books, cushions, screens and household objects on its surfaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.objects import accessories, household
from scenerep_training.rendering.placement import place_on, row_of_books
from scenerep_training.rendering.scene import Item, Role, Surface


def decorate(item: Item, rng: Rng) -> list[Item]:
    """Place items on the surfaces of a piece of furniture."""
    if item.role != Role.OBJECT:
        return []
    add_things = DECORATIONS.get(item.name, _on_other_furniture)
    return [thing for surface in item.surfaces for thing in add_things(item, surface, rng)]


def _on_other_furniture(item: Item, surface: Surface, rng: Rng) -> list[Item]:
    return place_on(item, surface, household.TABLEWARE, int(rng.integers(3, 8)), rng)


def _on_cabinet(item: Item, surface: Surface, rng: Rng) -> list[Item]:
    things = [accessories.table_lamp, accessories.small_plant, household.vase, household.book]
    return place_on(item, surface, things, int(rng.integers(0, 4)), rng)


def _on_bed(item: Item, surface: Surface, rng: Rng) -> list[Item]:
    return place_on(item, surface, [accessories.cushion], 2, rng)


def _cushions(item: Item, surface: Surface, rng: Rng) -> list[Item]:
    cushions = []
    positions = np.linspace(
        surface.low[0] + 0.22, surface.high[0] - 0.22, 2 if item.name == "sofa" else 1
    )
    for x in positions:
        if rng.random() < 0.7:
            pose = item.pose @ np.asarray(
                accessories.cushion(rng).at((x, surface.high[1] - 0.02, surface.height)).pose
            )
            cushions.append(replace(accessories.leaning_cushion(rng), pose=pose))
    return cushions


def _desk_things(item: Item, surface: Surface, rng: Rng) -> list[Item]:
    (left, front), (right, back) = surface.low, surface.high
    x = rng.uniform(left + 0.35, right - 0.35)
    monitor = accessories.monitor(rng).at((x, back - 0.15, surface.height), rng.normal(0, 0.1))
    board = accessories.keyboard(rng).at((x, front + 0.15, surface.height), rng.normal(0, 0.05))
    placed = [replace(thing, pose=item.pose @ thing.pose) for thing in (monitor, board)]
    builders = [
        household.mug,
        household.book,
        household.can,
        accessories.small_plant,
        accessories.table_lamp,
    ]
    for low, high in (((left, front), (x - 0.35, back)), ((x + 0.35, front), (right, back))):
        if high[0] - low[0] > 0.15:
            free = Surface(low, high, surface.height)
            placed += place_on(item, free, builders, int(rng.integers(1, 4)), rng)
    return placed


def _fill_board(item: Item, surface: Surface, rng: Rng) -> list[Item]:
    """Fill a board of a shelf with a row of books, with boxes, or with other things."""
    choice = rng.random()
    if choice < 0.45 and np.isfinite(surface.clearance):
        return row_of_books(item, surface, int(rng.integers(3, 14)), rng)
    if choice < 0.65:
        return place_on(item, surface, [household.cardboard_box], 3, rng)
    if choice < 0.9:
        things = [household.vase, accessories.small_plant, household.carton, household.can]
        return place_on(item, surface, things, int(rng.integers(1, 4)), rng)
    return []


DECORATIONS: dict[str, Callable[[Item, Surface, Rng], list[Item]]] = {
    "shelf": _fill_board,
    "sofa": _cushions,
    "armchair": _cushions,
    "bed": _on_bed,
    "desk": _desk_things,
    "cabinet": _on_cabinet,
}
"""Functions that place items on a surface, by the name of the furniture; others carry tableware."""
