"""Description of a scene: textured objects at poses, lights, background."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum

import numpy as np
import trimesh
from numpy.typing import ArrayLike, NDArray

from scenerep_training.rendering.assets.textures import Image

Array = NDArray[np.float64]


class Role(IntEnum):
    """Meaning of an item in the label images; the values are those of the mOSD layout."""

    IGNORED = 0
    STRUCTURE = 1
    OBJECT = 2


@dataclass(frozen=True)
class Material:
    """Appearance of a surface.

    Attributes:
        texture: (H, W, 3) uint8 RGB, repeated outside of [0, 1].
        gloss: strength of the specular reflection, 0 to 1. A surface above 0.7 reflects the pattern
            of a depth camera away.
        emission: radiance of a luminous surface, as a factor of its texture.
        is_clear: the surface behind is visible, and measured by depth cameras.
    """

    texture: Image
    gloss: float = 0.08
    emission: float = 0.0
    is_clear: bool = False


@dataclass(frozen=True)
class Part:
    """Mesh with texture coordinates, in the frame of its item [m], and its material."""

    mesh: trimesh.Trimesh
    material: Material

    def moved(self, offset: ArrayLike, yaw_deg: float = 0.0) -> Part:
        """Return a copy, rotated about z and translated."""
        return self.transformed(upright_pose(offset, np.radians(yaw_deg)))

    def transformed(self, transform: ArrayLike) -> Part:
        """Return a copy that is transformed by a matrix (4, 4)."""
        mesh = self.mesh.copy()
        mesh.apply_transform(np.asarray(transform))
        return replace(self, mesh=mesh)


@dataclass(frozen=True)
class Surface:
    """Horizontal rectangle of an item on which others can stand.

    Attributes:
        low, high: (2,) corners in the frame of the item [m].
        height: of the surface above the item's origin [m].
        clearance: free height above it [m].
    """

    low: tuple[float, float]
    high: tuple[float, float]
    height: float
    clearance: float = np.inf


@dataclass(frozen=True)
class Item:
    """One piece of furniture, household object or part of the room.

    Attributes:
        name: noun, such as "sofa".
        parts: textured meshes in the frame of the item, which stands on z = 0.
        pose: (4, 4) item to world [m], z up.
        role: meaning in the label images.
        surfaces: where others can stand.
        collision_hulls: convex point sets (n, 3); empty = the convex hull of all parts.
    """

    name: str
    parts: tuple[Part, ...]
    pose: Array = field(default_factory=lambda: np.eye(4))
    role: Role = Role.OBJECT
    surfaces: tuple[Surface, ...] = ()
    collision_hulls: tuple[Array, ...] = ()

    @property
    def vertices(self) -> Array:
        """Vertices (n, 3) of all parts in the frame of the item [m]."""
        return np.concatenate([np.asarray(part.mesh.vertices) for part in self.parts])

    @property
    def bounds(self) -> Array:
        """Lower and upper corner (2, 3) in the frame of the item [m]."""
        vertices = self.vertices
        return np.stack([vertices.min(0), vertices.max(0)])

    def at(self, position: ArrayLike, yaw: float = 0.0) -> Item:
        """Return a copy at a position (3,) [m], rotated about the vertical [rad]."""
        return replace(self, pose=upright_pose(position, yaw))


@dataclass(frozen=True)
class Light:
    """Rectangular area light.

    Attributes:
        center: (3,) world [m].
        edges: (2, 3) full edges of the rectangle [m].
        power: (3,) RGB intensity; at distance d [m] the irradiance is power / d^2.
    """

    center: Array
    edges: Array
    power: Array


@dataclass(frozen=True)
class Scene:
    """Items with ids, lights and ambient radiance.

    Attributes:
        items: by id, from 1; all scenes of a recording share one numbering of items.
        lights: area lights.
        ambient: (3,) RGB radiance from all directions.
    """

    items: dict[int, Item]
    lights: tuple[Light, ...]
    ambient: Array

    def renumbered(self, first: int) -> Scene:
        """Return a copy whose ids are consecutive from `first`."""
        return replace(self, items=dict(enumerate(self.items.values(), first)))


def upright_pose(position: ArrayLike, yaw: float = 0.0) -> Array:
    """Build the pose (4, 4) of an upright item at a position (3,) [m], rotated by yaw [rad]."""
    pose = np.eye(4)
    cosine, sine = np.cos(yaw), np.sin(yaw)
    pose[:2, :2] = (cosine, -sine), (sine, cosine)
    pose[:3, 3] = position
    return pose
