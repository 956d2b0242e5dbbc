"""Household objects of random sizes and prints. Each stands on z = 0 around its origin."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import trimesh

from scenerep_training.rendering.assets import meshes, prints, textures
from scenerep_training.rendering.assets.meshes import circle, loft, tiled_loft
from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.scene import Item, Material, Part

Builder = Callable[[Rng], Item]


def carton(rng: Rng) -> Item:
    """Build a printed carton, such as one of cereals."""
    size = rng.uniform((0.05, 0.05, 0.06), (0.2, 0.15, 0.28))
    atlas = prints.package_atlas(rng)
    return Item("carton", (Part(meshes.box(*size), Material(atlas, 0.1)),))


def cardboard_box(rng: Rng) -> Item:
    """Build a cardboard box."""
    size = rng.uniform((0.12, 0.1, 0.08), (0.34, 0.28, 0.26))
    return Item(
        "cardboard box", (Part(meshes.box(*size), Material(prints.cardboard_atlas(rng), 0.03)),)
    )


def book(rng: Rng) -> Item:
    """Build a book that lies on its cover."""
    size = rng.uniform((0.14, 0.11, 0.012), (0.26, 0.2, 0.05))
    return Item("book", (Part(meshes.box(*size), Material(prints.book_atlas(rng), 0.08)),))


def can(rng: Rng) -> Item:
    """Build a can with a printed wall and a metal lid."""
    radius, height = rng.uniform(0.026, 0.05), rng.uniform(0.06, 0.16)
    wall = loft(circle(48), [(radius, 0), (radius, height)])
    top = 0.94 * radius
    lid = loft(
        circle(48),
        [(radius, height), (top, height - 0.002), (top, height - 0.004), (0, height - 0.004)],
    )
    base = loft(circle(48), [(0, 0), (radius, 0)])
    print_ = Material(prints.wrapped_label(rng), 0.25)
    steel = Material(textures.metal(rng), 0.5)
    return Item("can", (Part(wall, print_), Part(lid, steel), Part(base, steel)))


def bottle(rng: Rng) -> Item:
    """Build a bottle of plastic with a label and a cap."""
    radius, height = rng.uniform(0.028, 0.045), rng.uniform(0.17, 0.3)
    body = [(0, 0), (0.9, 0), (1, 0.02), (1, 0.6), (0.85, 0.72), (0.42, 0.85), (0.4, 0.9)]
    mesh = tiled_loft(circle(48) * radius, [(s, z * height) for s, z in body], 0.2)
    label = loft(circle(48) * radius * 1.01, [(1, 0.15 * height), (1, 0.5 * height)])
    cap = loft(
        circle(48) * radius, [(0.46, 0.88 * height), (0.46, height), (0.46, height), (0, height)]
    )
    plain = Material(textures.plastic(rng, textures.random_color(rng)), 0.35)
    cap_material = Material(textures.plastic(rng, textures.random_color(rng)), 0.2)
    parts = (
        Part(mesh, plain),
        Part(label, Material(prints.wrapped_label(rng), 0.15)),
        Part(cap, cap_material),
    )
    return Item("bottle", parts)


def _glaze(rng: Rng) -> Material:
    pattern = textures.fabric if rng.random() < 0.4 else textures.plastic
    return Material(pattern(rng, textures.random_color(rng)), 0.4)


def mug(rng: Rng) -> Item:
    """Build a mug with a handle."""
    radius, height = rng.uniform(0.034, 0.046), rng.uniform(0.075, 0.11)
    inner = radius - 0.004
    profile = [(0, 0), (0.9 * radius, 0), (radius, 0.006), (radius, height), (inner, height)]
    body = tiled_loft(circle(48), [*profile, (inner, 0.008), (0, 0.008)], 0.15)
    handle = meshes.half_torus(0.3 * height, 0.006, (radius - 0.003, 0, 0.5 * height))
    glaze = _glaze(rng)
    hulls = np.asarray(body.vertices), np.asarray(handle.vertices)
    return Item("mug", (Part(body, glaze), Part(handle, glaze)), collision_hulls=hulls)


def _dish(
    rng: Rng, name: str, radius: float, outer: list[tuple[float, float]], wall: float
) -> Item:
    """Build a dish from its outer profile (relative radius, height [m]), with a wall thickness [m]."""
    inner = [
        (max(0.0, scale - wall / radius), height + wall) for scale, height in reversed(outer[1:])
    ]
    inner[0] = (outer[-1][0] - wall / radius, outer[-1][1])
    profile = [
        (scale * radius, height) for scale, height in [*outer, *inner, (0, outer[0][1] + wall)]
    ]
    ring = profile[1 : 2 * len(outer) - 1]
    hulls = [
        np.array(
            [
                (x * s, y * s, z)
                for x, y in circle(16)
                for s, z in (profile[1], (profile[1][0], wall))
            ]
        )
    ]
    hulls += meshes.split_into_wedges(ring, 12)
    mesh = tiled_loft(circle(56), profile, 0.2)
    return Item(name, (Part(mesh, _glaze(rng)),), collision_hulls=tuple(hulls))


def bowl(rng: Rng) -> Item:
    """Build a bowl."""
    radius, height = rng.uniform(0.06, 0.11), rng.uniform(0.045, 0.08)
    outer = [(0, 0), (0.45, 0), (0.75, 0.35 * height), (0.93, 0.7 * height), (1, height)]
    return _dish(rng, "bowl", radius, outer, 0.005)


def plate(rng: Rng) -> Item:
    """Build a plate."""
    outer = [(0, 0), (0.62, 0), (0.72, 0.008), (1, 0.018)]
    return _dish(rng, "plate", rng.uniform(0.08, 0.13), outer, 0.004)


def pen(rng: Rng) -> Item:
    """Build a pen that lies along x."""
    radius, length = rng.uniform(0.0035, 0.006), rng.uniform(0.13, 0.18)
    mesh = tiled_loft(
        circle(12), [(0, 0), (radius, 0), (radius, length * 0.88), (0.001, length)], 0.1
    )
    mesh.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (0, 1, 0)))
    mesh.apply_translation((-length / 2, 0, radius))
    return Item(
        "pen", (Part(mesh, Material(textures.fabric(rng, textures.random_color(rng)), 0.3)),)
    )


def phone(rng: Rng) -> Item:
    """Build a phone: flat, dark and specular."""
    outline = meshes.rounded_rectangle(rng.uniform(0.13, 0.165), rng.uniform(0.065, 0.08))
    mesh = loft(outline, [(0, 0), (1, 0), (1, 0), (1, 0.008), (1, 0.008), (0, 0.008)], planar=True)
    return Item("phone", (Part(mesh, Material(textures.plastic(rng, (22, 22, 26)), 0.9)),))


def card(rng: Rng) -> Item:
    """Build a printed card or leaflet, a few millimeters thick."""
    size = rng.uniform((0.085, 0.055, 0.002), (0.21, 0.15, 0.006))
    return Item("card", (Part(meshes.box(*size), Material(prints.package_atlas(rng), 0.1)),))


def fruit(rng: Rng) -> Item:
    """Build a round fruit."""
    radius = rng.uniform(0.03, 0.048)
    angle = np.linspace(0, np.pi, 24)
    profile = (
        np.stack([np.sin(angle), 1 - np.cos(angle)], 1) * radius * (1, rng.uniform(0.85, 1.25))
    )
    colors = ((190, 50, 40), (214, 150, 40), (120, 160, 60), (222, 200, 80), (214, 110, 40))
    color = colors[rng.integers(len(colors))]
    texture = textures.shade(
        color, 1 + 0.12 * textures.noise(rng, 1.3) + 0.04 * textures.noise(rng, 0)
    )
    return Item("fruit", (Part(loft(circle(32), profile), Material(texture, 0.25)),))


def random_shape(rng: Rng) -> Item:
    """Build a random lathed or prismatic shape of one patterned material."""
    count = int(rng.choice([3, 4, 5, 6, 48]))
    heights = np.linspace(0, rng.uniform(0.06, 0.2), 6)
    scales = rng.uniform(0.6, 1, 6) * rng.uniform(0.03, 0.07)
    profile = [
        (0, 0),
        (scales[0], 0),
        *zip(scales, heights, strict=True),
        (scales[-1], heights[-1]),
    ]
    mesh = tiled_loft(circle(count), [*profile, (0, heights[-1])], 0.15)
    pattern = rng.choice([textures.wood, textures.fabric, textures.marble, textures.plastic])  # type: ignore[arg-type]
    return Item(
        "shape",
        (Part(mesh, Material(pattern(rng, textures.random_color(rng)), rng.uniform(0, 0.4))),),
    )


def vase(rng: Rng) -> Item:
    """Build a vase."""
    height, radius = rng.uniform(0.14, 0.32), rng.uniform(0.05, 0.09)
    t = np.linspace(0, 1, 16)
    scale = 0.62 + 0.38 * np.sin(np.pi * (0.15 + 0.8 * t)) - 0.25 * t**4
    outer = list(zip(radius * scale, height * t, strict=True))
    inner = [(0.85 * s, z + 0.004) for s, z in reversed(outer[1:])]
    mesh = tiled_loft(circle(48), [(0, 0), *outer, *inner, (0, 0.02)], 0.25)
    return Item("vase", (Part(mesh, _glaze(rng)),))


def glass(rng: Rng) -> Item:
    """Build a drinking glass, which is clear."""
    radius, height = rng.uniform(0.03, 0.042), rng.uniform(0.09, 0.15)
    profile = [
        (0, 0),
        (0.85 * radius, 0),
        (radius, height),
        (radius - 0.002, height),
        (0.8 * radius, 0.01),
    ]
    tint = np.array([215, 228, 226]) + rng.normal(0, 8, 3)
    material = Material(textures.plastic(rng, tint), 1.0, is_clear=True)
    return Item("glass", (Part(tiled_loft(circle(48), [*profile, (0, 0.01)]), material),))


def clear_bottle(rng: Rng) -> Item:
    """Build a bottle of clear plastic with a cap."""
    radius, height = rng.uniform(0.028, 0.04), rng.uniform(0.17, 0.25)
    body = [(0, 0), (1, 0), (1, 0.6), (0.4, 0.85), (0.4, 0.95)]
    mesh = tiled_loft(circle(48) * radius, [(s, z * height) for s, z in body])
    cap = loft(
        circle(48) * radius, [(0.45, 0.94 * height), (0.45, height), (0.45, height), (0, height)]
    )
    clear = Material(textures.plastic(rng, (196, 214, 224)), 1.0, is_clear=True)
    cap_material = Material(textures.plastic(rng, textures.random_color(rng)), 0.2)
    return Item("clear bottle", (Part(mesh, clear), Part(cap, cap_material)))


def black_object(rng: Rng) -> Item:
    """Build a black object that reflects hardly any infrared light."""
    item = (carton, can, bottle, mug)[rng.integers(4)](rng)
    material = Material(textures.leather(rng, rng.uniform(8, 20, 3)), 0.15)
    parts = tuple(Part(part.mesh, material) for part in item.parts)
    return Item(f"black {item.name}", parts, collision_hulls=item.collision_hulls)


TABLEWARE: tuple[Builder, ...] = (mug, bowl, plate, bottle, can, carton, fruit, vase)
"""Objects of a dining or coffee table."""
ASSORTED: tuple[Builder, ...] = (carton, carton, can, bottle, mug, bowl, book, fruit, random_shape)
"""Objects of the scenes on tables and floors."""
