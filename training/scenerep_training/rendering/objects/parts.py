"""Parts and materials that furniture and accessories share. Sizes are [m]."""

from __future__ import annotations

import trimesh

from scenerep_training.rendering.assets import meshes, textures
from scenerep_training.rendering.assets.meshes import tiled_box
from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.scene import Material, Part


def wood(rng: Rng) -> Material:
    """Return wood, in a quarter of all cases painted."""
    color = None if rng.random() < 0.75 else textures.random_color(rng)
    return Material(textures.wood(rng, color), rng.uniform(0.03, 0.2))


def upholstery(rng: Rng) -> Material:
    """Return leather or, more often, fabric."""
    color = textures.random_color(rng)
    if rng.random() < 0.25:
        return Material(textures.leather(rng, color), 0.25)
    return Material(textures.fabric(rng, color), 0.02)


def slab(
    size: tuple[float, float, float], center: tuple[float, float, float], material: Material
) -> Part:
    """Build a box whose lower side is centered at a point."""
    return Part(tiled_box(*size), material).moved(center)


def legs(
    width: float, depth: float, height: float, thickness: float, material: Material
) -> list[Part]:
    """Build four square legs below the corners of a rectangle."""
    x, y = (width - thickness) / 2, (depth - thickness) / 2
    return [
        slab((thickness, thickness, height), (sx * x, sy * y, 0), material)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]


def panel(
    width: float, height: float, base: tuple[float, float, float], material: Material
) -> Part:
    """Build a thin upright panel that shows its whole texture towards -y; `base` is its lower center."""
    thickness = 0.008
    mesh = tiled_box(width, thickness, height)
    uv = meshes.texture_coordinates(mesh).copy()
    uv[8:12] = (0, 0), (1, 0), (1, 1), (0, 1)  # front, see meshes.BOX_FACES
    mesh.visual = trimesh.visual.TextureVisuals(uv=uv)
    return Part(mesh, material).moved(base)
