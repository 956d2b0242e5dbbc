"""Textured meshes of furniture and household objects: boxes, lofts, cushions, half tori."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

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


def texture_coordinates(mesh: trimesh.Trimesh) -> Array:
    """Return the texture coordinates (n, 2) of the vertices of a mesh."""
    visual: Any = mesh.visual
    return np.asarray(visual.uv)


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


def tiled_box(width: float, depth: float, height: float, tile: float = 0.5) -> trimesh.Trimesh:
    """Build a box [m] on z = 0 whose faces repeat their texture every `tile` [m].

    v runs along the longer side of each face.
    """
    mesh = box(width, depth, height)
    faces = [
        (width, depth),
        (width, depth),
        (width, height),
        (width, height),
        (depth, height),
        (depth, height),
    ]
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    uv = []
    for index, size in enumerate(faces):
        face = corners * size / tile + 0.37 * index
        uv.append(face[:, ::-1] if size[0] > size[1] else face)
    mesh.visual = trimesh.visual.TextureVisuals(uv=np.concatenate(uv))
    return mesh


def tiled_loft(outline: Array, profile: ArrayLike, tile: float = 0.5) -> trimesh.Trimesh:
    """Build a loft whose texture repeats about every `tile` [m], a whole number of times around."""
    mesh = loft(outline, profile)
    scales = np.asarray(profile, float)
    around = np.linalg.norm(np.diff(outline, axis=0), axis=1).sum() * np.abs(scales[:, 0]).max()
    steps = np.diff(scales * (np.ptp(outline) / 2, 1), axis=0)
    along = np.linalg.norm(steps, axis=1).sum()
    repeat = max(1, round(around / tile)), max(along / tile, 0.2)
    mesh.visual = trimesh.visual.TextureVisuals(uv=texture_coordinates(mesh) * repeat)
    return mesh


def cylinder(
    radius: float, height: float, tile: float = 0.5, top_radius: float | None = None
) -> trimesh.Trimesh:
    """Build a closed cylinder or truncated cone [m] on z = 0."""
    top = radius if top_radius is None else top_radius
    profile = [(0, 0), (radius, 0), (radius, 0), (top, height), (top, height), (0, height)]
    return tiled_loft(circle(40), profile, tile)


def soft_box(width: float, depth: float, height: float, tile: float = 0.5) -> trimesh.Trimesh:
    """Build an upholstered block [m] on z = 0 with rounded edges."""
    edge = min(0.05, 0.3 * height)
    inset = 1 - 2 * edge / min(width, depth)
    profile = [
        (0, 0),
        (inset, 0),
        (1, edge),
        (1, height - edge),
        ((1 + inset) / 2, height - 0.25 * edge),
    ]
    profile += [(inset, height), (0, height)]
    return _with_planar_uv(loft(rounded_rectangle(width, depth, 12), profile), tile)


def _with_planar_uv(mesh: trimesh.Trimesh, tile: float) -> trimesh.Trimesh:
    """Map each triangle along the axis that it faces; textures repeat every `tile` [m]."""
    corners = mesh.vertices[mesh.faces]
    axis = np.abs(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])).argmax(1)
    planes = np.array([(1, 2), (0, 2), (0, 1)])[axis]
    uv = np.take_along_axis(corners, planes[:, None, :], axis=2) / tile
    faces = np.arange(3 * len(corners)).reshape(-1, 3)
    return _textured_mesh(corners.reshape(-1, 3), faces, uv.reshape(-1, 2))


def pillow(width: float, depth: float, height: float, tile: float = 0.4) -> trimesh.Trimesh:
    """Build a cushion [m], thickest in its center; its lower side touches z = 0."""
    count = 17
    x, y = np.meshgrid(np.linspace(-1, 1, count), np.linspace(-1, 1, count))
    thickness = height / 2 * ((1 - np.abs(x) ** 3) * (1 - np.abs(y) ** 3)) ** 0.6
    vertices: list[Array] = []
    faces: list[Array] = []
    uv: list[Array] = []
    for side in (1, -1):
        pinch = 1 - 0.06 * (1 - (thickness * 2 / height))
        grid = np.stack(
            [x * width / 2 * pinch, y * depth / 2 * pinch, side * thickness + height / 2], -1
        )
        rows, columns = np.indices((count - 1, count - 1)).reshape(2, -1)
        corner = rows * count + columns + len(vertices) * count**2
        quads = np.stack([corner, corner + 1, corner + count + 1, corner + count], 1)
        faces += [quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]
        vertices.append(grid.reshape(-1, 3))
        uv.append(np.stack([x * width, y * depth], -1).reshape(-1, 2) / 2 / tile)
    return _textured_mesh(np.concatenate(vertices), np.concatenate(faces), np.concatenate(uv))


def leaf_blade(length: float, width: float, droop: float) -> trimesh.Trimesh:
    """Build a leaf [m] from the origin along +x that bends down by `droop` [rad] at its tip."""
    along = np.linspace(0, 1, 9)
    half_width = width / 2 * np.sin(np.pi * np.clip(along, 0.03, 0.97)) ** 0.8
    bend = droop * along
    x = np.concatenate([[0], np.cumsum(np.cos(bend[:-1]))]) * length / 8
    z = -np.concatenate([[0], np.cumsum(np.sin(bend[:-1]))]) * length / 8
    vertices = np.concatenate(
        [
            np.stack([x, side * half_width, z + 0.2 * abs(side) * half_width], 1)
            for side in (-1, 0, 1)
        ]
    )
    uv = np.concatenate([np.stack([np.full(9, 0.5 + 0.5 * side), along], 1) for side in (-1, 0, 1)])
    faces = np.concatenate([_triangulate_rings(0, 9, 9), _triangulate_rings(9, 18, 9)])
    return _textured_mesh(vertices, faces, uv)
