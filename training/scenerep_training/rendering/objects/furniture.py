"""Furniture of random sizes and materials.

Each item stands on z = 0 around its origin; its front faces -y. Sizes are [m].
"""

from __future__ import annotations

import numpy as np

from scenerep_training.rendering.assets import prints, textures
from scenerep_training.rendering.assets.meshes import (
    circle,
    cylinder,
    soft_box,
    tiled_box,
    tiled_loft,
)
from scenerep_training.rendering.assets.textures import Rng
from scenerep_training.rendering.objects.parts import legs, panel, slab, upholstery, wood
from scenerep_training.rendering.scene import Item, Material, Part, Surface


def sofa(rng: Rng, seats: int | None = None) -> Item:
    """Build a sofa or, with one seat, an armchair."""
    seats = int(rng.integers(2, 4)) if seats is None else seats
    arm, back = rng.uniform(0.12, 0.2), rng.uniform(0.16, 0.24)
    seat_width, depth = rng.uniform(0.58, 0.7), rng.uniform(0.8, 0.95)
    width = seats * seat_width + 2 * arm
    seat_height, back_height = rng.uniform(0.38, 0.46), rng.uniform(0.74, 0.9)
    arm_height = seat_height + rng.uniform(0.12, 0.22)
    cover = upholstery(rng)
    foot = Material(textures.wood(rng), 0.1)
    parts = [part.moved((0, 0, 0)) for part in legs(width - 0.1, depth - 0.1, 0.08, 0.05, foot)]
    base = seat_height - 0.16
    parts.append(Part(soft_box(width, depth, base - 0.07), cover).moved((0, 0, 0.07)))
    parts.append(
        Part(soft_box(width, back, back_height - 0.1), cover).moved((0, (depth - back) / 2, 0.1))
    )
    for side in (-1, 1):
        position = side * (width - arm) / 2, -0.01, 0.07
        parts.append(Part(soft_box(arm, depth, arm_height - 0.07), cover).moved(position))
    for index in range(seats):
        x = (index - (seats - 1) / 2) * seat_width
        seat = soft_box(seat_width - 0.01, depth - back, 0.16)
        parts.append(Part(seat, cover).moved((x, -back / 2 - 0.02, base)))
        rest = soft_box(seat_width - 0.02, 0.16, back_height - seat_height)
        parts.append(Part(rest, cover).moved((x, depth / 2 - back - 0.06, seat_height - 0.02)))
    reach = seats * seat_width / 2 - 0.05
    surface = Surface((-reach, -depth / 2 + 0.05), (reach, depth / 2 - back - 0.15), seat_height)
    return Item("sofa" if seats > 1 else "armchair", tuple(parts), surfaces=(surface,))


def armchair(rng: Rng) -> Item:
    """Build an armchair."""
    return sofa(rng, seats=1)


def table(rng: Rng, low: bool = False) -> Item:
    """Build a table, rectangular or round."""
    height = rng.uniform(0.38, 0.48) if low else rng.uniform(0.7, 0.76)
    material = (
        wood(rng) if rng.random() < 0.8 else Material(textures.marble(rng, (205, 200, 196)), 0.3)
    )
    thickness = rng.uniform(0.025, 0.045)
    if rng.random() < 0.3:
        radius = rng.uniform(0.35, 0.5) if low else rng.uniform(0.45, 0.65)
        top = Part(cylinder(radius, thickness), material).moved((0, 0, height - thickness))
        stem = Part(cylinder(0.05, height - thickness), wood(rng))
        foot = Part(cylinder(0.6 * radius, 0.03), stem.material)
        reach = 0.66 * radius
        surface = Surface((-reach, -reach), (reach, reach), height)
        return Item("table", (top, stem, foot), surfaces=(surface,))
    width, depth = (
        rng.uniform((0.8, 0.5), (1.2, 0.7)) if low else rng.uniform((1.1, 0.7), (1.7, 0.9))
    )
    parts = [slab((width, depth, thickness), (0, 0, height - thickness), material)]
    leg = material if rng.random() < 0.6 else Material(textures.metal(rng), 0.4)
    parts += legs(width - 0.06, depth - 0.06, height - thickness, rng.uniform(0.035, 0.07), leg)
    half = width / 2 - 0.04, depth / 2 - 0.04
    surface = Surface((-half[0], -half[1]), half, height)
    return Item("table", tuple(parts), surfaces=(surface,))


def coffee_table(rng: Rng) -> Item:
    """Build a low table."""
    return table(rng, low=True)


def desk(rng: Rng) -> Item:
    """Build a desk with a drawer unit at one side."""
    width, depth, height = rng.uniform((1.1, 0.6, 0.7), (1.6, 0.75, 0.76))
    material = wood(rng)
    parts = [slab((width, depth, 0.03), (0, 0, height - 0.03), material)]
    parts += legs(width - 0.02, depth - 0.04, height - 0.03, 0.05, material)
    side = rng.choice([-1, 1])
    unit_x = side * (width / 2 - 0.25)
    parts.append(slab((0.4, depth - 0.1, height - 0.1), (unit_x, 0, 0.05), material))
    front_y = -(depth - 0.1) / 2 - 0.004
    parts.append(
        panel(0.4, height - 0.12, (unit_x, front_y, 0.06), Material(prints.front(rng, None, 4, 1)))
    )
    half = width / 2 - 0.04, depth / 2 - 0.04
    return Item("desk", tuple(parts), surfaces=(Surface((-half[0], -half[1]), half, height),))


def chair(rng: Rng) -> Item:
    """Build a chair with four legs and a backrest."""
    width, depth, seat_height = rng.uniform((0.4, 0.4, 0.43), (0.48, 0.48, 0.48))
    back_height = rng.uniform(0.8, 1.0)
    frame = wood(rng)
    seat = frame if rng.random() < 0.5 else upholstery(rng)
    parts = legs(width, depth, seat_height - 0.04, 0.035, frame)
    parts.append(Part(soft_box(width, depth, 0.06), seat).moved((0, 0, seat_height - 0.05)))
    for side in (-1, 1):
        post = (0.035, 0.03, back_height - seat_height)
        parts.append(
            slab(post, (side * (width - 0.035) / 2, (depth - 0.03) / 2, seat_height), frame)
        )
    if rng.random() < 0.5:
        rest_height = 0.6 * (back_height - seat_height)
        rest = (width - 0.05, 0.03, rest_height)
        parts.append(slab(rest, (0, (depth - 0.03) / 2, back_height - rest_height), seat))
    else:
        for index in range(3):
            z = seat_height + (0.25 + 0.27 * index) * (back_height - seat_height)
            parts.append(slab((width - 0.05, 0.02, 0.05), (0, (depth - 0.03) / 2, z), frame))
    return Item("chair", tuple(parts))


def office_chair(rng: Rng) -> Item:
    """Build an office chair on a five-star base."""
    dark = Material(textures.plastic(rng, (44, 44, 48)), 0.2)
    cover = upholstery(rng)
    parts = [Part(cylinder(0.03, 0.36), dark).moved((0, 0, 0.06))]
    for index in range(5):
        arm = tiled_box(0.3, 0.05, 0.04)
        arm.apply_translation((0.15, 0, 0.05))
        parts.append(Part(arm, dark).moved((0, 0, 0), 72 * index))
        wheel = Part(cylinder(0.028, 0.05), dark)
        angle = np.radians(72 * index)
        parts.append(wheel.moved((0.28 * np.cos(angle), 0.28 * np.sin(angle), 0)))
    parts.append(Part(soft_box(0.5, 0.48, 0.09), cover).moved((0, 0, 0.42)))
    parts.append(slab((0.07, 0.03, 0.2), (0, 0.25, 0.44), dark))
    parts.append(Part(soft_box(0.46, 0.08, 0.5), cover).moved((0, 0.25, 0.56)))
    return Item("office chair", tuple(parts))


def stool(rng: Rng) -> Item:
    """Build an upholstered pouf."""
    radius, height = rng.uniform(0.2, 0.28), rng.uniform(0.34, 0.44)
    profile = [(0, 0), (0.9, 0), (1, 0.06), (1, height - 0.06), (0.92, height - 0.01), (0, height)]
    mesh = tiled_loft(circle(48) * radius, profile)
    return Item("stool", (Part(mesh, upholstery(rng)),))


def shelf(rng: Rng) -> Item:
    """Build an open shelf."""
    width, depth, height = rng.uniform((0.7, 0.26, 1.1), (1.2, 0.36, 2.0))
    count = round(height / rng.uniform(0.32, 0.42))
    board, material = 0.022, wood(rng)
    parts = [slab((width, 0.01, height), (0, depth / 2 - 0.005, 0), material)]
    for side in (-1, 1):
        parts.append(slab((board, depth, height), (side * (width - board) / 2, 0, 0), material))
    step = (height - board) / count
    surfaces = []
    for index in range(count + 1):
        z = index * step
        parts.append(slab((width - 2 * board, depth, board), (0, 0, z), material))
        clearance = step - board if index < count else np.inf
        half = width / 2 - board - 0.01
        surfaces.append(
            Surface((-half, -depth / 2 + 0.02), (half, depth / 2 - 0.02), z + board, clearance)
        )
    return Item("shelf", tuple(parts), surfaces=tuple(surfaces))


def cabinet(rng: Rng, tall: bool = False) -> Item:
    """Build a sideboard or, if tall, a wardrobe."""
    low, high = (
        ((0.9, 0.5, 1.8), (1.6, 0.62, 2.1)) if tall else ((0.8, 0.36, 0.5), (1.6, 0.5, 0.95))
    )
    width, depth, height = rng.uniform(low, high)
    base = textures.random_color(rng) if rng.random() < 0.25 else None
    texture = textures.wood(rng, base)
    material = Material(texture, rng.uniform(0.03, 0.2))
    rows, columns = (
        (1, int(rng.integers(2, 4))) if tall else (int(rng.integers(1, 4)), int(rng.integers(2, 4)))
    )
    face = Material(prints.front(rng, texture.mean((0, 1)), rows, columns), material.gloss)
    parts = [slab((width, depth, height), (0, 0, 0), material)]
    parts.append(panel(width - 0.02, height - 0.08, (0, -depth / 2 - 0.004, 0.06), face))
    half = width / 2 - 0.04, depth / 2 - 0.04
    surfaces = () if tall else (Surface((-half[0], -half[1]), half, height),)
    return Item("wardrobe" if tall else "cabinet", tuple(parts), surfaces=surfaces)


def wardrobe(rng: Rng) -> Item:
    """Build a wardrobe."""
    return cabinet(rng, tall=True)


def bed(rng: Rng) -> Item:
    """Build a bed with a headboard, a mattress and a blanket; it stands with its head at +y."""
    width, length = rng.uniform(0.95, 1.7), rng.uniform(1.95, 2.1)
    frame, height = wood(rng), rng.uniform(0.28, 0.36)
    sheet = Material(textures.fabric(rng, textures.neutral_color(rng, 180)), 0.02)
    parts = legs(width, length, 0.15, 0.06, frame)
    parts.append(slab((width, length, height - 0.12), (0, 0, 0.12), frame))
    parts.append(slab((width, 0.05, rng.uniform(0.8, 1.1)), (0, length / 2, 0), frame))
    parts.append(Part(soft_box(width - 0.04, length - 0.06, 0.2), sheet).moved((0, -0.01, height)))
    blanket = soft_box(width + 0.03, 0.66 * length, 0.3)
    parts.append(Part(blanket, upholstery(rng)).moved((0, -0.17 * length - 0.02, height - 0.05)))
    top = height + 0.2
    surface = Surface(
        (-width / 2 + 0.05, length / 2 - 0.55), (width / 2 - 0.05, length / 2 - 0.08), top
    )
    return Item("bed", tuple(parts), surfaces=(surface,))
