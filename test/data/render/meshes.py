"""Textured meshes of household objects: lofts, boxes and half tori."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import trimesh
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
BOX_FACES = ("top", "bottom", "front", "back", "left", "right")
"""Faces of a box in the row-major order of its texture atlas, which has 2 rows and 3 columns."""


def circle(point_count: int = 64) -> Array:
    """Return a closed outline (point_count + 1, 2) of unit radius, counter-clockwise."""
    angle = np.linspace(0, 2 * np.pi, point_count + 1)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def rounded_rectangle(width: float, height: float, power: float = 8) -> Array:
    """Return the outline (65, 2) [m] of a superellipse: a rectangle with rounded corners."""
    unit_circle = circle()
    superellipse = np.sign(unit_circle) * np.abs(unit_circle) ** (2 / power)
    return superellipse * (width / 2, height / 2)


def _textured_mesh(vertices: ArrayLike, faces: ArrayLike, uv: ArrayLike) -> trimesh.Trimesh:
    visual = trimesh.visual.TextureVisuals(uv=np.asarray(uv))
    return trimesh.Trimesh(vertices, faces, visual=visual, process=False)


def _triangulate_rings(first: int, second: int, count: int) -> Array:
    """Triangulate the strip between two rings of `count` vertices, given their first indices."""
    index = np.arange(count - 1)
    a, b, c, d = first + index, first + index + 1, second + index, second + index + 1
    return np.concatenate([np.stack([a, b, d], 1), np.stack([a, d, c], 1)])


def loft(outline: Array, profile: ArrayLike, planar: bool = False) -> trimesh.Trimesh:
    """Sweep an outline along a vertical profile.

    Args:
        outline: (N, 2) closed, counter-clockwise [m], or of unit size.
        profile: (M, 2) scale of the outline and height [m], from the center of the bottom outwards
            and up. A repeated point makes a sharp edge.
        planar: map the texture from above, instead of u around the axis and v along the profile.
    """
    profile = np.asarray(profile, float)
    count = len(outline)
    # Stack one scaled copy of the outline per profile point.
    rings = [np.column_stack([scale * outline, np.full(count, z)]) for scale, z in profile]
    vertices = np.concatenate(rings)
    # Map u around the axis, and v along the arc length of the profile.
    segment_length = np.linalg.norm(np.diff(profile * (np.ptp(outline) / 2, 1), axis=0), axis=1)
    v_coordinates = np.concatenate([[0], np.cumsum(segment_length)]) / segment_length.sum()
    uv = np.stack(np.meshgrid(np.linspace(0, 1, count), v_coordinates), -1).reshape(-1, 2)
    if planar:
        footprint = vertices[:, :2]
        uv = (footprint - footprint.min(0)) / np.ptp(footprint, axis=0)
    # Triangulate between consecutive rings, except at repeated points.
    segments = np.flatnonzero(segment_length > 0)
    faces = [_triangulate_rings(i * count, (i + 1) * count, count) for i in segments.tolist()]
    return _textured_mesh(vertices, np.concatenate(faces), uv)


def box(width: float, depth: float, height: float) -> trimesh.Trimesh:
    """Build a box [m] that stands on z = 0; each face has its own tile of a 2 x 3 atlas."""
    half = np.array([width, depth, height]) / 2
    axes = [  # right and up vectors of each face, seen from outside
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
    return _textured_mesh(np.concatenate(vertices), faces, np.concatenate(uv))


def half_torus(radius: float, thickness: float, center: ArrayLike) -> trimesh.Trimesh:
    """Build a half torus [m] in the x-z plane that opens towards -x, such as a mug's handle."""
    bend_angle = np.linspace(-np.pi / 2, np.pi / 2, 33)[:, None]
    section = circle(24)
    distance = radius + thickness * section[:, 0]
    ring = [
        distance * np.cos(bend_angle),
        thickness * section[:, 1] + 0 * bend_angle,
        distance * np.sin(bend_angle),
    ]
    vertices = np.stack(ring, -1).reshape(-1, 3) + np.asarray(center)
    count = len(section)
    faces = [
        _triangulate_rings((i + 1) * count, i * count, count) for i in range(len(bend_angle) - 1)
    ]
    return _textured_mesh(vertices, np.concatenate(faces), np.full((len(vertices), 2), 0.02))


def split_into_wedges(profile: ArrayLike, count: int = 12) -> list[Array]:
    """Split the wall of a hollow loft over a circle into convex point sets, one per sector."""
    profile = np.asarray(profile, float)
    ring = circle(count)
    wedges = []
    for first, second in pairwise(ring):
        sides = [
            np.column_stack([profile[:, :1] * side, profile[:, 1]]) for side in (first, second)
        ]
        wedges.append(np.concatenate(sides))
    return wedges
