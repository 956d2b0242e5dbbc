"""Furniture of random sizes and materials.

Each item stands on z = 0 around its origin; its front faces -y. Sizes are [m].
"""

from __future__ import annotations

import numpy as np
import trimesh

from scenerep_training.rendering import meshes, prints, textures
from scenerep_training.rendering.meshes import circle, cylinder, soft_box, tiled_box, tiled_loft
from scenerep_training.rendering.scene import Item, Material, Part, Role, Surface
from scenerep_training.rendering.textures import Rng


def _wood(rng: Rng) -> Material:
    color = None if rng.random() < 0.75 else textures.random_color(rng)
    return Material(textures.wood(rng, color), rng.uniform(0.03, 0.2))


def _upholstery(rng: Rng) -> Material:
    color = textures.random_color(rng)
    if rng.random() < 0.25:
        return Material(textures.leather(rng, color), 0.25)
    return Material(textures.fabric(rng, color), 0.02)


def _slab(
    size: tuple[float, float, float], center: tuple[float, float, float], material: Material
) -> Part:
    """Build a box whose lower side is centered at a point."""
    return Part(tiled_box(*size), material).moved(center)


def _legs(
    width: float, depth: float, height: float, thickness: float, material: Material
) -> list[Part]:
    x, y = (width - thickness) / 2, (depth - thickness) / 2
    return [
        _slab((thickness, thickness, height), (sx * x, sy * y, 0), material)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]


def sofa(rng: Rng, seats: int | None = None) -> Item:
    """Build a sofa or, with one seat, an armchair."""
    seats = int(rng.integers(2, 4)) if seats is None else seats
    arm, back = rng.uniform(0.12, 0.2), rng.uniform(0.16, 0.24)
    seat_width, depth = rng.uniform(0.58, 0.7), rng.uniform(0.8, 0.95)
    width = seats * seat_width + 2 * arm
    seat_height, back_height = rng.uniform(0.38, 0.46), rng.uniform(0.74, 0.9)
    arm_height = seat_height + rng.uniform(0.12, 0.22)
    cover = _upholstery(rng)
    foot = Material(textures.wood(rng), 0.1)
    parts = [part.moved((0, 0, 0)) for part in _legs(width - 0.1, depth - 0.1, 0.08, 0.05, foot)]
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
        _wood(rng) if rng.random() < 0.8 else Material(textures.marble(rng, (205, 200, 196)), 0.3)
    )
    thickness = rng.uniform(0.025, 0.045)
    if rng.random() < 0.3:
        radius = rng.uniform(0.35, 0.5) if low else rng.uniform(0.45, 0.65)
        top = Part(cylinder(radius, thickness), material).moved((0, 0, height - thickness))
        stem = Part(cylinder(0.05, height - thickness), _wood(rng))
        foot = Part(cylinder(0.6 * radius, 0.03), stem.material)
        reach = 0.66 * radius
        surface = Surface((-reach, -reach), (reach, reach), height)
        return Item("table", (top, stem, foot), surfaces=(surface,))
    width, depth = (
        rng.uniform((0.8, 0.5), (1.2, 0.7)) if low else rng.uniform((1.1, 0.7), (1.7, 0.9))
    )
    parts = [_slab((width, depth, thickness), (0, 0, height - thickness), material)]
    leg = material if rng.random() < 0.6 else Material(textures.metal(rng), 0.4)
    parts += _legs(width - 0.06, depth - 0.06, height - thickness, rng.uniform(0.035, 0.07), leg)
    half = width / 2 - 0.04, depth / 2 - 0.04
    surface = Surface((-half[0], -half[1]), half, height)
    return Item("table", tuple(parts), surfaces=(surface,))


def coffee_table(rng: Rng) -> Item:
    """Build a low table."""
    return table(rng, low=True)


def desk(rng: Rng) -> Item:
    """Build a desk with a drawer unit at one side."""
    width, depth, height = rng.uniform((1.1, 0.6, 0.7), (1.6, 0.75, 0.76))
    material = _wood(rng)
    parts = [_slab((width, depth, 0.03), (0, 0, height - 0.03), material)]
    parts += _legs(width - 0.02, depth - 0.04, height - 0.03, 0.05, material)
    side = rng.choice([-1, 1])
    unit_x = side * (width / 2 - 0.25)
    parts.append(_slab((0.4, depth - 0.1, height - 0.1), (unit_x, 0, 0.05), material))
    front_y = -(depth - 0.1) / 2 - 0.004
    parts.append(
        _panel(0.4, height - 0.12, (unit_x, front_y, 0.06), Material(prints.front(rng, None, 4, 1)))
    )
    half = width / 2 - 0.04, depth / 2 - 0.04
    return Item("desk", tuple(parts), surfaces=(Surface((-half[0], -half[1]), half, height),))


def _panel(
    width: float, height: float, base: tuple[float, float, float], material: Material
) -> Part:
    """Build a thin upright panel that shows its whole texture towards -y; `base` is its lower center."""
    thickness = 0.008
    mesh = tiled_box(width, thickness, height)
    uv = meshes.texture_coordinates(mesh).copy()
    uv[8:12] = (0, 0), (1, 0), (1, 1), (0, 1)  # front, see meshes.BOX_FACES
    mesh.visual = trimesh.visual.TextureVisuals(uv=uv)
    return Part(mesh, material).moved(base)


def chair(rng: Rng) -> Item:
    """Build a chair with four legs and a backrest."""
    width, depth, seat_height = rng.uniform((0.4, 0.4, 0.43), (0.48, 0.48, 0.48))
    back_height = rng.uniform(0.8, 1.0)
    frame = _wood(rng)
    seat = frame if rng.random() < 0.5 else _upholstery(rng)
    parts = _legs(width, depth, seat_height - 0.04, 0.035, frame)
    parts.append(Part(soft_box(width, depth, 0.06), seat).moved((0, 0, seat_height - 0.05)))
    for side in (-1, 1):
        post = (0.035, 0.03, back_height - seat_height)
        parts.append(
            _slab(post, (side * (width - 0.035) / 2, (depth - 0.03) / 2, seat_height), frame)
        )
    if rng.random() < 0.5:
        rest_height = 0.6 * (back_height - seat_height)
        rest = (width - 0.05, 0.03, rest_height)
        parts.append(_slab(rest, (0, (depth - 0.03) / 2, back_height - rest_height), seat))
    else:
        for index in range(3):
            z = seat_height + (0.25 + 0.27 * index) * (back_height - seat_height)
            parts.append(_slab((width - 0.05, 0.02, 0.05), (0, (depth - 0.03) / 2, z), frame))
    return Item("chair", tuple(parts))


def office_chair(rng: Rng) -> Item:
    """Build an office chair on a five-star base."""
    dark = Material(textures.plastic(rng, (44, 44, 48)), 0.2)
    cover = _upholstery(rng)
    parts = [Part(cylinder(0.03, 0.36), dark).moved((0, 0, 0.06))]
    for index in range(5):
        arm = tiled_box(0.3, 0.05, 0.04)
        arm.apply_translation((0.15, 0, 0.05))
        parts.append(Part(arm, dark).moved((0, 0, 0), 72 * index))
        wheel = Part(cylinder(0.028, 0.05), dark)
        angle = np.radians(72 * index)
        parts.append(wheel.moved((0.28 * np.cos(angle), 0.28 * np.sin(angle), 0)))
    parts.append(Part(soft_box(0.5, 0.48, 0.09), cover).moved((0, 0, 0.42)))
    parts.append(_slab((0.07, 0.03, 0.2), (0, 0.25, 0.44), dark))
    parts.append(Part(soft_box(0.46, 0.08, 0.5), cover).moved((0, 0.25, 0.56)))
    return Item("office chair", tuple(parts))


def stool(rng: Rng) -> Item:
    """Build an upholstered pouf."""
    radius, height = rng.uniform(0.2, 0.28), rng.uniform(0.34, 0.44)
    profile = [(0, 0), (0.9, 0), (1, 0.06), (1, height - 0.06), (0.92, height - 0.01), (0, height)]
    mesh = tiled_loft(circle(48) * radius, profile)
    return Item("stool", (Part(mesh, _upholstery(rng)),))


def shelf(rng: Rng) -> Item:
    """Build an open shelf."""
    width, depth, height = rng.uniform((0.7, 0.26, 1.1), (1.2, 0.36, 2.0))
    count = round(height / rng.uniform(0.32, 0.42))
    board, material = 0.022, _wood(rng)
    parts = [_slab((width, 0.01, height), (0, depth / 2 - 0.005, 0), material)]
    for side in (-1, 1):
        parts.append(_slab((board, depth, height), (side * (width - board) / 2, 0, 0), material))
    step = (height - board) / count
    surfaces = []
    for index in range(count + 1):
        z = index * step
        parts.append(_slab((width - 2 * board, depth, board), (0, 0, z), material))
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
    wood = textures.wood(rng, base)
    material = Material(wood, rng.uniform(0.03, 0.2))
    rows, columns = (
        (1, int(rng.integers(2, 4))) if tall else (int(rng.integers(1, 4)), int(rng.integers(2, 4)))
    )
    face = Material(prints.front(rng, wood.mean((0, 1)), rows, columns), material.gloss)
    parts = [_slab((width, depth, height), (0, 0, 0), material)]
    parts.append(_panel(width - 0.02, height - 0.08, (0, -depth / 2 - 0.004, 0.06), face))
    half = width / 2 - 0.04, depth / 2 - 0.04
    surfaces = () if tall else (Surface((-half[0], -half[1]), half, height),)
    return Item("wardrobe" if tall else "cabinet", tuple(parts), surfaces=surfaces)


def wardrobe(rng: Rng) -> Item:
    """Build a wardrobe."""
    return cabinet(rng, tall=True)


def bed(rng: Rng) -> Item:
    """Build a bed with a headboard, a mattress and a blanket; it stands with its head at +y."""
    width, length = rng.uniform(0.95, 1.7), rng.uniform(1.95, 2.1)
    frame, height = _wood(rng), rng.uniform(0.28, 0.36)
    sheet = Material(textures.fabric(rng, textures.neutral_color(rng, 180)), 0.02)
    parts = _legs(width, length, 0.15, 0.06, frame)
    parts.append(_slab((width, length, height - 0.12), (0, 0, 0.12), frame))
    parts.append(_slab((width, 0.05, rng.uniform(0.8, 1.1)), (0, length / 2, 0), frame))
    parts.append(Part(soft_box(width - 0.04, length - 0.06, 0.2), sheet).moved((0, -0.01, height)))
    blanket = soft_box(width + 0.03, 0.66 * length, 0.3)
    parts.append(Part(blanket, _upholstery(rng)).moved((0, -0.17 * length - 0.02, height - 0.05)))
    top = height + 0.2
    surface = Surface(
        (-width / 2 + 0.05, length / 2 - 0.55), (width / 2 - 0.05, length / 2 - 0.08), top
    )
    return Item("bed", tuple(parts), surfaces=(surface,))


def _screen_parts(rng: Rng, width: float, height: float, base: float) -> list[Part]:
    dark = Material(textures.plastic(rng, (28, 28, 31)), 0.3)
    is_on = rng.random() < 0.7
    content = prints.screen_content(rng) if is_on else textures.plastic(rng, (18, 18, 21))
    face = Material(content, 0.3, emission=0.9 if is_on else 0.0)
    body = _slab((width, 0.04, height), (0, 0, base), dark)
    margin = 0.015
    return [
        body,
        _panel(width - 2 * margin, height - 2 * margin, (0, -0.0225, base + margin), face),
    ]


def monitor(rng: Rng) -> Item:
    """Build a screen on a stand."""
    width = rng.uniform(0.45, 0.65)
    parts = _screen_parts(rng, width, 0.58 * width, 0.1)
    dark = parts[0].material
    parts.append(_slab((0.05, 0.03, 0.2), (0, 0.035, 0.01), dark))
    parts.append(_slab((0.22, 0.16, 0.012), (0, 0.02, 0), dark))
    return Item("monitor", tuple(parts))


def television(rng: Rng) -> Item:
    """Build a television on two feet."""
    width = rng.uniform(0.8, 1.25)
    parts = _screen_parts(rng, width, 0.57 * width, 0.06)
    for side in (-1, 1):
        parts.append(_slab((0.03, 0.22, 0.06), (side * 0.3 * width, 0, 0), parts[0].material))
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
        "cushion", (Part(meshes.pillow(side, side, rng.uniform(0.1, 0.16)), _upholstery(rng)),)
    )


def leaning_cushion(rng: Rng) -> Item:
    """Build a cushion that stands and leans back towards +y."""
    side, thickness = rng.uniform(0.36, 0.46), rng.uniform(0.1, 0.15)
    mesh = meshes.pillow(side, side, thickness)
    mesh.apply_translation((0, side / 2, 0))
    mesh.apply_transform(trimesh.transformations.rotation_matrix(rng.uniform(1.1, 1.35), (1, 0, 0)))
    mesh.apply_translation((0, -0.5 * np.ptp(mesh.bounds[:, 1]), -mesh.bounds[0, 2]))
    return Item("cushion", (Part(mesh, _upholstery(rng)),))


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
