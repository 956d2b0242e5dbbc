"""Furnished rooms: living rooms, dining rooms, offices and bedrooms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.decoration import decorate
from scenerep_training.rendering.objects import accessories, furniture, shell
from scenerep_training.rendering.objects.shell import WALL_YAWS, RoomSize
from scenerep_training.rendering.placement import FloorPlan
from scenerep_training.rendering.scene import Item, Light, Scene, Surface
from scenerep_training.rendering.viewing.camera import Array


@dataclass(frozen=True)
class Room:
    """A furnished room, and where a camera can be.

    Attributes:
        scene: items with ids.
        plan: occupied floor.
        size: of the room.
    """

    scene: Scene
    plan: FloorPlan
    size: RoomSize


def furnish(rng: Rng, style: str | None = None) -> Room:
    """Build a room of a style of STYLES, or of a random one."""
    size = RoomSize(*rng.uniform((3.8, 3.6, 2.4), (6.0, 5.2, 2.9)))
    plan = FloorPlan(size, rng)
    openings, lights = _openings(rng, plan)
    names = list(STYLES)
    STYLES[style or names[rng.integers(len(names))]](plan, rng)
    _fill_up(plan, rng)
    on_top = [thing for item in plan.items for thing in decorate(item, rng)]
    room_items = [
        *shell.shell(rng, size),
        *openings,
        *plan.items,
        *on_top,
        *_pictures(rng, plan, openings),
    ]
    ambient = rng.uniform(0.3, 0.45) * np.array([1.0, 0.97, 0.94])
    scene = Scene(dict(enumerate(room_items, 1)), tuple(lights), ambient)
    return Room(scene, plan, size)


def _openings(rng: Rng, plan: FloorPlan) -> tuple[list[Item], list[Light]]:
    """Build a door, one or two windows and a ceiling lamp, with the light that they give."""
    size, lights = plan.size, []
    walls = rng.permutation(4)
    entrance = _on_wall(shell.door(rng), int(walls[0]), 0.0, rng, size)
    low, high = _blocked(entrance, 0.9)
    plan.block(np.stack([low, high]))
    items = [entrance]
    for wall in walls[1 : int(rng.integers(2, 4))].tolist():
        pane = _on_wall(shell.window(rng), wall, rng.uniform(0.8, 1.0), rng, size)
        items.append(pane)
        lights.append(_window_light(pane, rng))
    lamp = shell.ceiling_lamp(rng).at((*rng.uniform(-0.5, 0.5, 2), size.height))
    edge = np.ptp(lamp.bounds[:, 0])
    edges = np.array([[edge, 0, 0], [0, edge, 0]])
    warm = rng.uniform(1.6, 3.2) * np.array([1.0, rng.uniform(0.85, 0.97), rng.uniform(0.7, 0.92)])
    lights.append(Light(lamp.pose[:3, 3] - (0, 0, 0.06), edges, warm))
    return [*items, lamp], lights


def _on_wall(item: Item, wall: int, height: float, rng: Rng, size: RoomSize) -> Item:
    reach = size.wall_length(wall) / 2 - item.bounds[1, 0] - 0.1
    position = size.on_wall(wall, rng.uniform(-reach, reach), 0.015, height)
    return item.at(position, WALL_YAWS[wall])


def _blocked(item: Item, reach: float) -> tuple[Array, Array]:
    """Return the corners of the floor in front of an item on a wall."""
    low, high = item.bounds[:, :2]
    local = np.array([(low[0], low[1] - reach), (high[0], high[1])])
    points = local @ item.pose[:2, :2].T + item.pose[:2, 3]
    return points.min(0), points.max(0)


def _window_light(pane: Item, rng: Rng) -> Light:
    width, _, height = np.ptp(pane.bounds, axis=0)
    center = pane.pose @ (0, -0.08, height / 2, 1)
    edges = np.stack([pane.pose[:3, 0] * width, (0, 0, height)])
    return Light(center[:3], edges, rng.uniform(1.5, 4.0) * np.array([0.88, 0.96, 1.08]))


def _pictures(rng: Rng, plan: FloorPlan, openings: list[Item]) -> list[Item]:
    """Hang pictures where no opening and no high furniture is."""
    pictures: list[Item] = []
    for _ in range(int(rng.integers(1, 4))):
        hung = _on_wall(
            shell.picture(rng), int(rng.integers(4)), rng.uniform(1.3, 1.6), rng, plan.size
        )
        others = [*openings, *pictures, *(i for i in plan.items if i.bounds[1, 2] > 1.2)]
        if all(_are_apart(hung, other) for other in others):
            pictures.append(hung)
    return pictures


def _are_apart(first: Item, second: Item) -> bool:
    a, b = _blocked(first, 0.4), _blocked(second, 0.0)
    return bool((a[1] < b[0]).any() or (a[0] > b[1]).any())


def _living_room(plan: FloorPlan, rng: Rng) -> None:
    wall = int(rng.integers(4))
    couch = plan.add_at_wall(furniture.sofa(rng), wall, gap=rng.uniform(0.03, 0.3))
    if couch is not None:
        front, (left, right) = couch.bounds[0, 1], couch.bounds[:, 0]
        low_table = furniture.coffee_table(rng)
        distance = front - 0.35 + low_table.bounds[0, 1]
        plan.add_beside(low_table, couch, (rng.uniform(-0.2, 0.2), distance))
        chair = furniture.armchair(rng)
        side = rng.choice([left - 0.6, right + 0.6])
        plan.add_beside(chair, couch, (side, distance), np.pi / 2 * np.sign(-side) * -1)
        plan.add_beside(
            accessories.floor_lamp(rng), couch, (rng.choice([left - 0.3, right + 0.3]), 0.2)
        )
    _add_television(plan, rng, (wall + 2) % 4)
    plan.add_at_wall(furniture.shelf(rng))
    _add_rug(plan, rng, couch)


def _add_rug(plan: FloorPlan, rng: Rng, anchor: Item | None) -> None:
    if anchor is not None and rng.random() < 0.7:
        x, y, _, _ = anchor.pose @ (0, anchor.bounds[0, 1] - 0.7, 0, 1)
        yaw = np.arctan2(anchor.pose[1, 0], anchor.pose[0, 0])
        half = np.array([plan.size.width, plan.size.depth]) / 2 - 1.25
        x, y = np.clip((x, y), -half, half)
        plan.items.append(accessories.rug(rng).at((x, y, 0.001), yaw))


def _add_television(plan: FloorPlan, rng: Rng, wall: int) -> None:
    board = plan.add_at_wall(furniture.cabinet(rng), wall)
    if board is None:
        return
    top = board.bounds[1, 2]
    is_hung = rng.random() < 0.4
    screen = accessories.wall_screen(rng) if is_hung else accessories.television(rng)
    y = board.bounds[1, 1] - 0.03 if is_hung else 0.0
    z = top + 0.25 if is_hung else top
    pose = board.pose @ screen.at((0, y, z)).pose
    plan.items.append(replace(screen, pose=pose))


def _dining_room(plan: FloorPlan, rng: Rng) -> None:
    table = plan.add_freely(furniture.table(rng), 0.7)
    if table is not None:
        chair_seed = int(rng.integers(2**32))
        for x_side, y_side in ((0, -1), (0, 1), (-1, 0), (1, 0)):
            if rng.random() < 0.85:
                chair = furniture.chair(np.random.default_rng(chair_seed))
                _add_chair(plan, chair, table, (x_side, y_side), rng)
    plan.add_at_wall(furniture.cabinet(rng))
    plan.add_at_wall(furniture.shelf(rng))
    plan.add_at_wall(accessories.plant(rng), gap=0.1)


def _add_chair(plan: FloorPlan, chair: Item, table: Item, side: tuple[int, int], rng: Rng) -> None:
    """Add a chair that faces a side of a table, pulled out by a random distance."""
    half = (
        np.abs(table.bounds[:, :2]).max(0)
        + np.abs(chair.bounds[:, 1]).max()
        + rng.uniform(0.02, 0.25)
    )
    offset = (float(side[0] * half[0]), float(side[1] * half[1]))
    yaw = {(0, -1): np.pi, (0, 1): 0.0, (-1, 0): np.pi / 2, (1, 0): -np.pi / 2}[side]
    plan.add_beside(chair, table, offset, yaw + rng.normal(0, 0.15))


def _office(plan: FloorPlan, rng: Rng) -> None:
    for _ in range(int(rng.integers(1, 3))):
        desk = plan.add_at_wall(furniture.desk(rng))
        if desk is not None:
            seat = furniture.office_chair(rng)
            y = desk.bounds[0, 1] - rng.uniform(0.3, 0.5)
            plan.add_beside(seat, desk, (rng.uniform(-0.2, 0.2), y), np.pi + rng.normal(0, 0.5))
            plan.add_beside(accessories.waste_bin(rng), desk, (desk.bounds[1, 0] + 0.2, 0.1))
    plan.add_at_wall(furniture.shelf(rng))
    plan.add_at_wall(furniture.shelf(rng))
    plan.add_at_wall(furniture.cabinet(rng))


def _bedroom(plan: FloorPlan, rng: Rng) -> None:
    bed = plan.add_at_wall(furniture.bed(rng))
    if bed is not None:
        for side in (-1, 1):
            night_stand = furniture.cabinet(rng)
            scale = np.diag([0.4, 0.9, 0.8, 1.0])
            parts = tuple(part.transformed(scale) for part in night_stand.parts)
            surface = night_stand.surfaces[0]
            low, high = (tuple(np.multiply(c, (0.4, 0.9))) for c in (surface.low, surface.high))
            top = Surface(low, high, 0.8 * surface.height)
            small = Item("cabinet", parts, surfaces=(top,))
            x = side * (bed.bounds[1, 0] + small.bounds[1, 0] + 0.06)
            plan.add_beside(small, bed, (x, bed.bounds[1, 1] - small.bounds[1, 1] - 0.02))
    plan.add_at_wall(furniture.wardrobe(rng))
    plan.add_at_wall(furniture.armchair(rng), gap=0.1)
    plan.add_at_wall(furniture.desk(rng))


STYLES: dict[str, Callable[[FloorPlan, Rng], None]] = {
    "living room": _living_room,
    "dining room": _dining_room,
    "office": _office,
    "bedroom": _bedroom,
}
"""Furnishing of each kind of room."""

FILLERS = (
    accessories.plant,
    accessories.plant,
    furniture.stool,
    accessories.storage_box,
    accessories.waste_bin,
    accessories.floor_lamp,
    furniture.chair,
)
"""Items that stand at walls of any room."""


def _fill_up(plan: FloorPlan, rng: Rng) -> None:
    for _ in range(int(rng.integers(3, 6))):
        plan.add_at_wall(FILLERS[rng.integers(len(FILLERS))](rng), gap=rng.uniform(0.03, 0.2))
    for _ in range(int(rng.integers(1, 3))):
        small = (accessories.storage_box, furniture.stool, accessories.cushion)[rng.integers(3)](
            rng
        )
        plan.add_freely(small)
