"""Walks around single objects on a table, like the videos of CO3D."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from scenerep_training.rendering.assets import prints, textures
from scenerep_training.rendering.assets.meshes import tiled_box
from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.objects import accessories, household
from scenerep_training.rendering.recording import SCENES, Recording, RenderOptions, Shot
from scenerep_training.rendering.scene import Item, Material, Part, Role, Scene
from scenerep_training.rendering.table import TABLE_HEIGHT_M, build_table, lit_scene
from scenerep_training.rendering.viewing.camera import Array, Camera, look_at

CATEGORIES: dict[str, Callable[[Rng], Item]] = {
    "book": household.book,
    "bottle": household.bottle,
    "bowl": household.bowl,
    "can": household.can,
    "carton": household.carton,
    "fruit": household.fruit,
    "mug": household.mug,
    "plant": accessories.small_plant,
    "shape": household.random_shape,
    "vase": household.vase,
}
OBJECTS_PER_CATEGORY = 2
FRAME_RATE_HZ = 3.0
DISTANCE_RATIO = (1.4, 2.1)
"""Distance of the camera, in diagonals of the object."""
MIN_DISTANCE_M = 0.3
ARC_DEG = (200, 330)
"""Angle of the walk around the object; CO3D asks for a full circle, and seldom gets one."""
ELEVATION_DEG = (18, 48)
SWAY_RATIO = 0.03
"""Sway of the hand, relative to the distance."""
WALL_HEIGHT_M, WALL_DISTANCE_M = 2.6, (1.4, 2.4)


@SCENES.register("turntables")
def turntables(seed: int, options: RenderOptions) -> Iterator[Recording]:
    """Yield one recording of each of 20 objects, in CO3D's layout."""
    camera = Camera()
    for index, (category, build) in enumerate(CATEGORIES.items()):
        if options.only and category not in options.only:
            continue
        for number in range(OBJECTS_PER_CATEGORY):
            rng = np.random.default_rng((seed, index, number))
            item = build(rng)
            scene = _scene_of(item, rng)
            shots = [
                Shot(f"frame{frame + 1:06d}", scene, pose, frame / FRAME_RATE_HZ)
                for frame, pose in enumerate(walk_around(item, options.frames, rng))
            ]
            sensor = "structured_light" if options.depth_noise else "exact"
            yield Recording(f"{category}/{category}_{number}", camera, sensor, shots, "co3d")


def walk_around(item: Item, count: int, rng: Rng) -> list[Array]:
    """Walk along an arc around an item that stands at the origin, with a hand-held camera.

    Returns:
        `count` poses (4, 4), camera optical frame to world.
    """
    low, high = item.bounds
    diagonal = float(np.linalg.norm(high - low))
    base_distance = max(diagonal * rng.uniform(*DISTANCE_RATIO), MIN_DISTANCE_M)
    azimuths = np.radians(rng.uniform(0, 360) + np.linspace(0, rng.uniform(*ARC_DEG), count))
    phases, progress = rng.uniform(0, 2 * np.pi, 4), np.linspace(0, 2 * np.pi, count)
    middle, half = np.mean(ELEVATION_DEG), np.ptp(ELEVATION_DEG) / 2
    elevations = np.radians(middle + half * np.sin(progress + phases[0]))
    distances = base_distance * (1 + 0.15 * np.sin(progress + phases[1]))
    poses = []
    for azimuth, elevation, distance in zip(azimuths, elevations, distances, strict=True):
        direction = np.array([np.cos(azimuth), np.sin(azimuth), 0]) * np.cos(elevation)
        direction[2] = np.sin(elevation)
        sway = SWAY_RATIO * distance * rng.standard_normal(3)
        target = np.array([0, 0, (high[2] - low[2]) / 2]) + sway
        roll = np.radians(3) * rng.standard_normal()
        poses.append(look_at(target + distance * direction, target, roll))
    return poses


def _scene_of(item: Item, rng: Rng) -> Scene:
    """Place an item on a table in a room with pictures on its walls."""
    table = build_table(rng, wall=10.0)
    placed = item.at((0, 0, 0), rng.uniform(0, 2 * np.pi))
    return lit_scene(rng, [*table, *_walls(rng)], [placed])


def _walls(rng: Rng) -> list[Item]:
    """Build four walls around the origin, each with a picture."""
    items = []
    for angle in np.arange(4) * np.pi / 2:
        distance = rng.uniform(*WALL_DISTANCE_M)
        towards = np.array([np.cos(angle), np.sin(angle)])
        paint = Material(textures.plaster(rng, textures.neutral_color(rng)))
        wall = tiled_box(8, 0.1, WALL_HEIGHT_M, tile=1.6)
        picture = tiled_box(rng.uniform(0.5, 1.2), 0.02, rng.uniform(0.4, 0.9), tile=1.2)
        height = rng.uniform(0.2, 0.8)
        for name, mesh, material, depth, z in (
            ("wall", wall, paint, 0.05, -TABLE_HEIGHT_M),
            ("picture", picture, Material(prints.picture(rng)), -0.01, height),
        ):
            structure = Item(name, (Part(mesh, material),), role=Role.STRUCTURE)
            position = (*(towards * (distance + depth)), z)
            items.append(structure.at(position, angle - np.pi / 2))
    return items
