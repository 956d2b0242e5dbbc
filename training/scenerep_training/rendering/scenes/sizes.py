"""Boxes of known sizes on a table, from several distances: how small a thing can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from scenerep_training.rendering.arranged_shots import draw_shots
from scenerep_training.rendering.arrangements import Arrangement
from scenerep_training.rendering.assets import prints
from scenerep_training.rendering.assets.meshes import box
from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.placement import footprint
from scenerep_training.rendering.recording import SCENES, Recording, RenderOptions
from scenerep_training.rendering.scene import Item, Material, Part
from scenerep_training.rendering.table import build_table, lit_scene
from scenerep_training.rendering.viewing.camera import Array, Camera
from scenerep_training.rendering.viewing.views import View

DISTANCES_M = (0.7, 1.0, 1.5, 2.0, 2.5)
CUBE_SIDES_M = (0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1)
SLAB_THICKNESSES_M = (0.002, 0.003, 0.005, 0.008, 0.012, 0.02)
SLAB_SIDES_M = (0.12, 0.08)
"""Width and depth of a slab, which covers 0.1 % of the image at 2.5 m: what limits it is its height."""
REACH_M = (0.26, 0.18)
"""Distance of the boxes from the middle of the table, across and along the view [m]."""
GAP_M = 0.012
MAX_YAW = np.radians(12)
ATTEMPTS = 3000
"""Number of random positions that are tried for a box."""


@SCENES.register("sizes")
def sizes(seed: int, options: RenderOptions) -> Iterator[Recording]:
    """Yield one recording for each distance; each frame shows a new scene.

    Every frame has a cube of each size, and slabs of every second thickness, in turn. All surfaces
    return the pattern of the Kinect, so that its noise and resolution are what limits.
    """
    camera = Camera()
    for index, distance in enumerate(DISTANCES_M):
        name = f"{distance:.1f}_m"
        if options.only and name not in options.only:
            continue
        view = View((0, 0, 0), (distance, distance), (50, 65), (-20, 20))
        frames = [
            partial(_arrange, view, SLAB_THICKNESSES_M[frame % 2 :: 2])
            for frame in range(options.frames)
        ]
        shots = draw_shots(frames, (seed, index))
        yield Recording(name, camera, "bright_structured_light", shots)


def _arrange(view: View, thicknesses: Sequence[float], rng: Rng) -> Arrangement:
    """Build a table with a cube of each size and slabs of some thicknesses [m]."""
    slabs = [_box("slab", (*SLAB_SIDES_M, thickness), rng) for thickness in thicknesses]
    cubes = [_box("cube", (side, side, side), rng) for side in CUBE_SIDES_M]
    occupied: list[Array] = []
    by_width = sorted([*slabs, *cubes], key=lambda item: -np.ptp(item.bounds[:, 0]))
    placed = [_place(item, occupied, rng) for item in by_width]
    return Arrangement(lit_scene(rng, build_table(rng), placed), view)


def _box(name: str, size: tuple[float, float, float], rng: Rng) -> Item:
    return Item(name, (Part(box(*size), Material(prints.package_atlas(rng), 0.08)),))


def _place(item: Item, occupied: list[Array], rng: Rng) -> Item:
    """Place an item beside the occupied rectangles (2, 2), and add its own.

    Raises:
        RuntimeError: if there is no room.
    """
    turned = item.at((0, 0, 0), rng.uniform(-MAX_YAW, MAX_YAW))
    low, high = footprint(turned)
    places = rng.uniform(-1, 1, (ATTEMPTS, 2)) * REACH_M
    is_free = np.ones(ATTEMPTS, bool)
    for other in occupied:
        is_beside = (places + low > other[1] + GAP_M) | (places + high < other[0] - GAP_M)
        is_free &= is_beside.any(axis=1)
    if not is_free.any():
        raise RuntimeError(f"no room for a {item.name} beside {len(occupied)} others")
    place = places[is_free.argmax()]
    occupied.append(np.stack([place + low, place + high]))
    pose = turned.pose.copy()
    pose[:2, 3] = place
    return replace(turned, pose=pose)
