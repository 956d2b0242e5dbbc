"""Accessories of rooms, of random sizes and materials: screens, lamps, plants, cushions, boxes.

Each item stands on z = 0 around its origin; its front faces -y. Sizes are [m].
"""

from __future__ import annotations

import numpy as np
import trimesh

from scenerep_training.rendering.assets import meshes, prints, textures
from scenerep_training.rendering.assets.meshes import circle, cylinder, tiled_box, tiled_loft
from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.objects.parts import panel, slab, upholstery
from scenerep_training.rendering.scene import Item, Material, Part, Role


def _screen_parts(rng: Rng, width: float, height: float, base: float) -> list[Part]:
    dark = Material(textures.plastic(rng, (28, 28, 31)), 0.3)
    is_on = rng.random() < 0.7
    content = prints.screen_content(rng) if is_on else textures.plastic(rng, (18, 18, 21))
    face = Material(content, 0.3, emission=0.9 if is_on else 0.0)
    body = slab((width, 0.04, height), (0, 0, base), dark)
    margin = 0.015
    return [
        body,
        panel(width - 2 * margin, height - 2 * margin, (0, -0.0225, base + margin), face),
    ]


def monitor(rng: Rng) -> Item:
    """Build a screen on a stand."""
    width = rng.uniform(0.45, 0.65)
    parts = _screen_parts(rng, width, 0.58 * width, 0.1)
    dark = parts[0].material
    parts.append(slab((0.05, 0.03, 0.2), (0, 0.035, 0.01), dark))
    parts.append(slab((0.22, 0.16, 0.012), (0, 0.02, 0), dark))
    return Item("monitor", tuple(parts))


def television(rng: Rng) -> Item:
    """Build a television on two feet."""
    width = rng.uniform(0.8, 1.25)
    parts = _screen_parts(rng, width, 0.57 * width, 0.06)
    for side in (-1, 1):
        parts.append(slab((0.03, 0.22, 0.06), (side * 0.3 * width, 0, 0), parts[0].material))
    return Item("television", tuple(parts))


def wall_screen(rng: Rng) -> Item:
    """Build a screen for a wall; its origin is its lower center."""
    width = rng.uniform(0.8, 1.3)
    return Item("wall screen", tuple(_screen_parts(rng, width, 0.57 * width, 0.0)))


def keyboard(rng: Rng) -> Item:
    """Build a keyboard."""
    size = rng.uniform(0.3, 0.44), rng.uniform(0.12, 0.15)
    outline = meshes.rounded_rectangle(*size)
    profile = [(0, 0), (1, 0), (1, 0), (0.99, 0.022), (0.99, 0.022), (0, 0.022)]
    return Item(
        "keyboard",
        (Part(meshes.loft(outline, profile, planar=True), Material(prints.keyboard(rng))),),
    )


def _lamp_parts(rng: Rng, height: float, radius: float) -> tuple[Part, ...]:
    foot = Material(textures.metal(rng, textures.random_color(rng)), 0.4)
    shade_texture = textures.fabric(rng, textures.neutral_color(rng, 190))
    shade = Material(shade_texture, emission=0.8 if rng.random() < 0.5 else 0.0)
    drum = 0.9 * radius
    hull = tiled_loft(circle(48), [(radius, height - 1.5 * drum), (0.7 * radius, height)])
    disc = tiled_loft(circle(48), [(0, height - 1.5 * drum), (radius, height - 1.5 * drum)])
    pole = Part(cylinder(0.012, height - drum), foot)
    return Part(hull, shade), Part(disc, shade), pole, Part(cylinder(0.75 * radius, 0.025), foot)


def floor_lamp(rng: Rng) -> Item:
    """Build a floor lamp."""
    return Item("floor lamp", _lamp_parts(rng, rng.uniform(1.35, 1.7), rng.uniform(0.17, 0.24)))


def table_lamp(rng: Rng) -> Item:
    """Build a table lamp."""
    return Item("table lamp", _lamp_parts(rng, rng.uniform(0.34, 0.52), rng.uniform(0.1, 0.15)))


def plant(rng: Rng, height: float | None = None) -> Item:
    """Build a plant with its pot."""
    height = rng.uniform(0.7, 1.4) if height is None else height
    pot_height, radius = 0.28 * height, 0.15 * height + 0.02
    pot = Material(textures.plastic(rng, textures.random_color(rng)), 0.15)
    soil = Material(textures.carpet(rng, (70, 52, 40)))
    hull = tiled_loft(
        circle(40), [(0, 0), (0.7 * radius, 0), (radius, pot_height), (0.9 * radius, pot_height)]
    )
    fill = tiled_loft(circle(40), [(0.92 * radius, 0.9 * pot_height), (0, 0.92 * pot_height)])
    parts = [Part(hull, pot), Part(fill, soil)]
    green = Material(textures.leaf(rng), 0.15)
    stem = Material(textures.wood(rng, (96, 104, 60)))
    for _ in range(int(rng.integers(14, 26))):
        parts += _leaf_on_stem(rng, height, pot_height, green, stem)
    return Item("plant", tuple(parts))


def _leaf_on_stem(
    rng: Rng, height: float, base: float, green: Material, stem: Material
) -> list[Part]:
    azimuth, tilt = rng.uniform(0, 360), rng.uniform(0.1, 0.7)
    length = rng.uniform(0.25, 0.75) * (height - base)
    stalk = Part(cylinder(0.004 + 0.003 * height, length), stem)
    lean = trimesh.transformations.rotation_matrix(tilt, (0, 1, 0))
    size = rng.uniform(0.22, 0.4) * height
    blade = meshes.leaf_blade(size, rng.uniform(0.3, 0.5) * size, rng.uniform(0.3, 1.2))
    blade.apply_transform(
        trimesh.transformations.rotation_matrix(-rng.uniform(0.2, 1.0), (0, 1, 0))
    )
    tip = np.array([np.sin(tilt), 0, np.cos(tilt)]) * length
    blade.apply_translation(tip)
    parts = stalk.transformed(lean), Part(blade, green)
    return [part.moved((0, 0, 0.85 * base), azimuth) for part in parts]


def small_plant(rng: Rng) -> Item:
    """Build a plant for a table or board."""
    return plant(rng, rng.uniform(0.22, 0.38))


def cushion(rng: Rng) -> Item:
    """Build a cushion that lies flat."""
    side = rng.uniform(0.36, 0.5)
    return Item(
        "cushion", (Part(meshes.pillow(side, side, rng.uniform(0.1, 0.16)), upholstery(rng)),)
    )


def leaning_cushion(rng: Rng) -> Item:
    """Build a cushion that stands and leans back towards +y."""
    side, thickness = rng.uniform(0.36, 0.46), rng.uniform(0.1, 0.15)
    mesh = meshes.pillow(side, side, thickness)
    mesh.apply_translation((0, side / 2, 0))
    mesh.apply_transform(trimesh.transformations.rotation_matrix(rng.uniform(1.1, 1.35), (1, 0, 0)))
    mesh.apply_translation((0, -0.5 * np.ptp(mesh.bounds[:, 1]), -mesh.bounds[0, 2]))
    return Item("cushion", (Part(mesh, upholstery(rng)),))


def waste_bin(rng: Rng) -> Item:
    """Build a waste bin."""
    radius, height = rng.uniform(0.11, 0.15), rng.uniform(0.25, 0.4)
    profile = [
        (0, 0),
        (0.8 * radius, 0),
        (radius, height),
        (0.96 * radius, height),
        (0.77 * radius, 0.01),
        (0, 0.01),
    ]
    material = Material(textures.metal(rng, textures.random_color(rng)), 0.3)
    return Item("waste bin", (Part(tiled_loft(circle(40), profile), material),))


def storage_box(rng: Rng) -> Item:
    """Build a large box for the floor."""
    size = rng.uniform((0.3, 0.25, 0.2), (0.55, 0.45, 0.42))
    return Item("box", (Part(meshes.box(*size), Material(prints.cardboard_atlas(rng), 0.03)),))


def rug(rng: Rng) -> Item:
    """Build a rug; it is ignored in the label images, because it is neither floor nor furniture."""
    width, depth = rng.uniform((1.4, 1.0), (2.4, 1.7))
    mesh = tiled_box(width, depth, 0.008, tile=1.2)
    material = Material(textures.fabric(rng, textures.random_color(rng)), 0.0)
    return Item("rug", (Part(mesh, material),), role=Role.IGNORED)
