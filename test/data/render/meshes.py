"""Textured meshes of household objects: lofts (what a lathe or an extruder makes) and boxes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import trimesh
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
BOX_FACES = ("top", "bottom", "front", "back", "left", "right")
"""Order of a box's faces in its texture atlas: three columns, two rows."""


def circle(points: int = 64) -> Array:
    """Outline (points + 1, 2) of unit radius, counter-clockwise, its first point repeated."""
    angle = np.linspace(0, 2 * np.pi, points + 1)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def rounded_rectangle(width: float, height: float, power: float = 8) -> Array:
    """Superellipse outline (65, 2), metres: a rectangle whose corners a hand would like."""
    unit = circle()
    shape = np.sign(unit) * np.abs(unit) ** (2 / power)
    return shape * (width / 2, height / 2)


def _mesh(vertices: ArrayLike, faces: ArrayLike, uv: ArrayLike) -> trimesh.Trimesh:
    visual = trimesh.visual.TextureVisuals(uv=np.asarray(uv))
    return trimesh.Trimesh(vertices, faces, visual=visual, process=False)


def _strip(first: int, second: int, count: int) -> Array:
    """Triangles between two rings of `count` vertices that start at the given indices."""
    here = np.arange(count - 1)
    a, b, c, d = first + here, first + here + 1, second + here, second + here + 1
    return np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)])


def loft(outline: Array, profile: ArrayLike, planar: bool = False) -> trimesh.Trimesh:
    """Sweep an outline upwards.

    Args:
        outline: (N, 2) closed, counter-clockwise, metres or of unit size.
        profile: (M, 2) scale of the outline and height in metres, from the bottom's centre outwards
            and up. A repeated point is a sharp edge.
        planar: lay the texture on from above instead of around (u) and along the profile (v).
    """
    profile = np.asarray(profile, float)
    count = len(outline)
    rings = [np.column_stack([scale * outline, np.full(count, z)]) for scale, z in profile]
    vertices = np.concatenate(rings)
    length = np.linalg.norm(np.diff(profile * (np.ptp(outline) / 2, 1), axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(length)]) / length.sum()
    uv = np.stack(np.meshgrid(np.linspace(0, 1, count), along), -1).reshape(-1, 2)
    if planar:
        flat = vertices[:, :2]
        uv = (flat - flat.min(0)) / np.ptp(flat, axis=0)
    pairs = np.flatnonzero(length > 0)
    faces = [_strip(i * count, (i + 1) * count, count) for i in pairs.tolist()]
    return _mesh(vertices, np.concatenate(faces), uv)


def box(width: float, depth: float, height: float) -> trimesh.Trimesh:
    """Box on the ground around the origin, metres; every face has its own cell of a 3 x 2 atlas."""
    half = np.array([width, depth, height]) / 2
    axes = [  # right and up of each face, as seen from outside
        ((1, 0, 0), (0, 1, 0)),
        ((1, 0, 0), (0, -1, 0)),
        ((1, 0, 0), (0, 0, 1)),
        ((-1, 0, 0), (0, 0, 1)),
        ((0, -1, 0), (0, 0, 1)),
        ((0, 1, 0), (0, 0, 1)),
    ]
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    vertices, uv = [], []
    for index, (right, up) in enumerate(np.array(axes)):
        normal = np.cross(right, up)
        vertices.append((normal + corners @ np.stack([right, up])) * half + (0, 0, half[2]))
        row, column = divmod(index, 3)
        uv.append(((corners + 1) / 2 + (column, 1 - row)) / (3, 2))
    quads = np.arange(24).reshape(6, 4)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return _mesh(np.concatenate(vertices), faces, np.concatenate(uv))


def handle(radius: float, thickness: float, center: ArrayLike) -> trimesh.Trimesh:
    """Half a torus that opens towards -x, standing in the x-z plane: a mug's handle, metres."""
    bend = np.linspace(-np.pi / 2, np.pi / 2, 33)[:, None]
    section = circle(24)
    reach = radius + thickness * section[:, 0]
    ring = [reach * np.cos(bend), thickness * section[:, 1] + 0 * bend, reach * np.sin(bend)]
    vertices = np.stack(ring, -1).reshape(-1, 3) + np.asarray(center)
    count = len(section)
    faces = [_strip((i + 1) * count, i * count, count) for i in range(len(bend) - 1)]
    return _mesh(vertices, np.concatenate(faces), np.full((len(vertices), 2), 0.02))


def wedges(profile: ArrayLike, parts: int = 12) -> list[Array]:
    """Convex pieces, as point sets, of a hollow loft over a circle: its wall, cut like a cake."""
    profile = np.asarray(profile, float)
    ring = circle(parts)
    pieces = []
    for first, second in pairwise(ring):
        sides = [
            np.column_stack([profile[:, :1] * side, profile[:, 1]]) for side in (first, second)
        ]
        pieces.append(np.concatenate(sides))
    return pieces
