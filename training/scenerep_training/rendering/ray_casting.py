"""Ray casting with Embree: the surfaces of a scene that rays meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.mapping.poses.rgbd_motion import import_open3d
from scenerep_training.rendering.assets.meshes import texture_coordinates
from scenerep_training.rendering.scene import Material, Scene

open3d = import_open3d("rendering", "scenerep-training[render]")

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class RayHits:
    """Surfaces that n rays meet.

    Attributes:
        points: (n, 3) [m].
        distances: (n,), in lengths of the rays' directions; inf = no surface.
        normals: (n, 3), unit length, towards the origins of the rays.
        triangles: (n,), index of the triangle; 0 without a surface.
        uv: (n, 2), texture coordinates.
    """

    points: Floats
    distances: Floats
    normals: Floats
    triangles: NDArray[np.int64]
    uv: Floats

    @property
    def is_valid(self) -> NDArray[np.bool_]:
        """True (n,) where a ray meets a surface."""
        return np.isfinite(self.distances)


class Triangles:
    """All triangles of a scene, for ray casting.

    Args:
        scene: scene.
        with_clear: whether clear materials are included.

    Attributes:
        materials: the M materials.
        corners: (n, 3, 3) float32 [m].
        uv: (n, 3, 2) float32, texture coordinates of the corners.
        item_ids: (n,), id of the item.
        material_ids: (n,), index of the material.
        uv_length: (n,), length of one unit of the texture coordinates [m].
    """

    def __init__(self, scene: Scene, with_clear: bool) -> None:
        vertices, uv, items, materials = [], [], [], []
        self.materials: list[Material] = []
        for item_id, item in scene.items.items():
            for part in item.parts:
                if part.material.is_clear and not with_clear:
                    continue
                faces = np.asarray(part.mesh.faces)
                corners = (
                    np.asarray(part.mesh.vertices)[faces] @ item.pose[:3, :3].T + item.pose[:3, 3]
                )
                vertices.append(corners)
                uv.append(texture_coordinates(part.mesh)[faces])
                items.append(np.full(len(faces), item_id))
                materials.append(np.full(len(faces), len(self.materials)))
                self.materials.append(part.material)
        self.corners = np.concatenate(vertices).astype(np.float32)
        self.uv = np.concatenate(uv).astype(np.float32)
        self.item_ids = np.concatenate(items)
        self.material_ids = np.concatenate(materials)
        self.uv_length = _length_per_uv(self.corners, self.uv)
        self._embree = open3d.t.geometry.RaycastingScene()
        count = len(self.corners)
        self._embree.add_triangles(
            _tensor(self.corners.reshape(-1, 3)),
            _tensor(np.arange(3 * count, dtype=np.uint32).reshape(count, 3)),
        )

    def cast(self, origins: Floats, directions: Floats) -> RayHits:
        """Intersect rays (n, 3); distances are in units of the directions' lengths."""
        rays = np.concatenate([np.broadcast_to(origins, directions.shape), directions], -1)
        answer = self._embree.cast_rays(_tensor(rays.astype(np.float32)))
        distances = answer["t_hit"].numpy()
        triangles = answer["primitive_ids"].numpy().astype(np.int64)
        triangles[~np.isfinite(distances)] = 0
        second, third = np.moveaxis(answer["primitive_uvs"].numpy(), -1, 0)
        weights = np.stack([1 - second - third, second, third], -1)
        uv = np.einsum("nk,nkc->nc", weights, self.uv[triangles])  # n ray, k corner, c coordinate
        normals = answer["primitive_normals"].numpy()
        toward = np.einsum("nc,nc->n", normals, directions) > 0
        normals[toward] *= -1
        finite = np.where(np.isfinite(distances), distances, 0)
        return RayHits(origins + finite[:, None] * directions, distances, normals, triangles, uv)

    def is_occluded(self, origins: Floats, directions: Floats, reach: float) -> NDArray[np.bool_]:
        """Return whether rays (n, 3) meet a surface before `reach` times their directions."""
        rays = np.concatenate([origins, directions], -1).astype(np.float32)
        return self._embree.test_occlusions(_tensor(rays), tnear=0.0, tfar=reach).numpy()


def _tensor(array: Any) -> Any:
    """Convert an array to a tensor of Open3D, whose stubs do not accept one."""
    make_tensor: Any = open3d.core.Tensor
    return make_tensor(array)


def _length_per_uv(corners: Floats, uv: Floats) -> Floats:
    """Length on each triangle [m] of one unit of its texture coordinates, (n,)."""
    edges = corners[:, 1:] - corners[:, :1]
    area = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1)
    uv_edges = uv[:, 1:] - uv[:, :1]
    uv_area = np.abs(uv_edges[:, 0, 0] * uv_edges[:, 1, 1] - uv_edges[:, 0, 1] * uv_edges[:, 1, 0])
    return np.sqrt(area / np.maximum(uv_area, 1e-9))
