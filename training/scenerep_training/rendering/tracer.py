"""Ray tracing of a scene: radiance, depth, ids and the inputs of sensor models."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_training.rendering.ray_casting import Floats, RayHits, Triangles
from scenerep_training.rendering.scene import Light, Scene
from scenerep_training.rendering.viewing.camera import Array, Camera

SURFACE_OFFSET_M = 1e-3
"""Distance from the surface at which secondary rays start [m]."""
PATTERN_PX = 4
"""Side of the pixel pattern over which samples of lights and directions vary [px]."""
AMBIENT_REACH_M = 1.2
"""Distance within which surfaces occlude the ambient light [m]."""
GAMMA = 2.2


@dataclass(frozen=True)
class Geometry:
    """Properties (H, W) of the surface at the center of each pixel.

    Attributes:
        depth: float32, along the optical axis [m]; inf = no surface. Clear surfaces are skipped.
        cosine: float32, between normal and ray.
        albedo: float32, reflectance of the pattern of a depth camera, in [0, 1].
        ids: uint16, id of the item, clear ones included; 0 = none.
    """

    depth: Floats
    cosine: Floats
    albedo: Floats
    ids: NDArray[np.uint16]


class _PatternNeighbors:
    """Neighbors of each pixel on the same smooth surface, over the size of the sampling pattern."""

    def __init__(self, normals: Floats, distances: Floats) -> None:
        self._shape = distances.shape
        reach = range(-(PATTERN_PX // 2) + 1, PATTERN_PX // 2 + 1)
        self._masks: dict[tuple[int, int], NDArray[np.bool_]] = {}
        self._count = np.zeros(self._shape, np.float32)
        for shift in product(reach, reach):
            similar = np.abs(np.roll(distances, shift, (0, 1)) - distances) < 0.02 * distances
            similar &= np.einsum("hwc,hwc->hw", np.roll(normals, shift, (0, 1)), normals) > 0.97
            self._masks[shift] = similar
            self._count += similar

    def average(self, values: Floats) -> Floats:
        """Average samples (n,) over the neighbors."""
        image = values.reshape(self._shape)
        total = np.zeros_like(image)
        for shift, mask in self._masks.items():
            total += mask * np.roll(image, shift, (0, 1))
        return (total / np.maximum(self._count, 1)).ravel()


class Tracer:
    """Renders images of one scene.

    Args:
        scene: the scene.
        supersampling: rays per pixel along each axis.
        seed: of the sampling pattern.
    """

    def __init__(self, scene: Scene, supersampling: int = 2, seed: int = 0) -> None:
        self._scene = scene
        self._supersampling = supersampling
        self._opaque = Triangles(scene, with_clear=False)
        has_clear = any(part.material.is_clear for i in scene.items.values() for part in i.parts)
        self._all = Triangles(scene, with_clear=True) if has_clear else self._opaque
        self._seed = seed

    def geometry(self, camera: Camera, pose: Array) -> Geometry:
        """Cast one ray through the center of each pixel."""
        directions, origins = _world_rays(camera, pose, 1)
        hits = self._opaque.cast(origins, directions)
        visible = hits if self._all is self._opaque else self._all.cast(origins, directions)
        shape = camera.height, camera.width
        length = np.linalg.norm(directions, axis=1)
        cosine = np.abs(np.einsum("nc,nc->n", hits.normals, directions)) / length
        albedo = _sample_textures(self._opaque, hits, camera).mean(1)
        gloss = np.array([material.gloss for material in self._opaque.materials])
        glossy = gloss[self._opaque.material_ids[hits.triangles]] > 0.7
        albedo = np.where(glossy & (cosine < 0.97), 0.02 * albedo, albedo)
        ids = np.where(visible.is_valid, self._all.item_ids[visible.triangles], 0)
        return Geometry(
            hits.distances.reshape(shape),
            cosine.astype(np.float32).reshape(shape),
            albedo.astype(np.float32).reshape(shape),
            ids.astype(np.uint16).reshape(shape),
        )

    def radiance(self, camera: Camera, pose: Array) -> Floats:
        """Render linear RGB radiance (H, W, 3)."""
        directions, origins = _world_rays(camera, pose, self._supersampling)
        shape = camera.height * self._supersampling, camera.width * self._supersampling
        image = self._shade(self._opaque, origins, directions, camera, shape)
        if self._all is not self._opaque:
            image = self._blend_clear(image, origins, directions, camera)
        image = image.reshape(*shape, 3)
        return np.asarray(
            cv2.resize(image, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
        )

    def _shade(
        self,
        triangles: Triangles,
        origins: Floats,
        directions: Floats,
        camera: Camera,
        shape: tuple[int, int],
    ) -> Floats:
        hits = triangles.cast(origins, directions)
        albedo = _sample_textures(triangles, hits, camera)
        materials = triangles.material_ids[hits.triangles]
        gloss = np.array([m.gloss for m in triangles.materials], np.float32)[materials]
        emission = np.array([m.emission for m in triangles.materials], np.float32)[materials]
        rng = np.random.default_rng(self._seed)
        view = -directions / np.linalg.norm(directions, axis=1, keepdims=True)
        start = hits.points + SURFACE_OFFSET_M * hits.normals
        finite = np.where(hits.is_valid, hits.distances, 0).reshape(shape)
        neighbors = _PatternNeighbors(hits.normals.reshape(*shape, 3), finite)
        # Ambient light: brighter from above, attenuated by occlusion.
        openness = neighbors.average(self._ambient_openness(start, hits.normals, shape, rng))
        sky = 0.75 + 0.25 * hits.normals[:, 2:]
        color = albedo * self._scene.ambient.astype(np.float32) * sky * openness[:, None]
        # Direct light: Lambert and Blinn-Phong terms, attenuated by soft shadows.
        for light in self._scene.lights:
            visible = neighbors.average(self._light_visibility(light, start, shape, rng))
            color += visible[:, None] * _reflect(light, hits, view, albedo, gloss)
        color = np.where(emission[:, None] > 0, emission[:, None] * albedo, color)
        return np.where(hits.is_valid[:, None], color, 0).astype(np.float32)

    def _ambient_openness(
        self, start: Floats, normals: Floats, shape: tuple[int, int], rng: np.random.Generator
    ) -> Floats:
        """Share of cosine-weighted directions that are free within AMBIENT_REACH_M, (n,)."""
        total = np.zeros(len(start), np.float32)
        for _ in range(3):
            ball = _patterned(shape, _on_sphere(PATTERN_PX**2, rng))
            total += ~self._opaque.is_occluded(start, 1.02 * normals + ball, AMBIENT_REACH_M / 1.3)
        return total / 3

    def _light_visibility(
        self, light: Light, start: Floats, shape: tuple[int, int], rng: np.random.Generator
    ) -> Floats:
        """Visible share of a light, (n,)."""
        total = np.zeros(len(start), np.float32)
        for _ in range(2):
            points = light.center + (rng.random((PATTERN_PX**2, 2)) - 0.5) @ light.edges
            toward = _patterned(shape, points.astype(np.float32)) - start
            total += ~self._opaque.is_occluded(start, toward, 0.995)
        return total / 2

    def _blend_clear(
        self, behind: Floats, origins: Floats, directions: Floats, camera: Camera
    ) -> Floats:
        """Blend clear surfaces over the image behind them: tint, rim and highlights."""
        hits = self._all.cast(origins, directions)
        materials = self._all.material_ids[hits.triangles]
        is_clear = np.array([m.is_clear for m in self._all.materials])[materials] & hits.is_valid
        albedo = _sample_textures(self._all, hits, camera)
        view = -directions / np.linalg.norm(directions, axis=1, keepdims=True)
        cosine = np.abs(np.einsum("nc,nc->n", hits.normals, view))[:, None]
        rim = (1 - cosine) ** 3
        image = behind * (0.55 + 0.4 * albedo) * (1 - 0.6 * rim)
        image += self._scene.ambient.astype(np.float32) * (0.05 + 0.5 * rim)
        gloss = np.full(len(albedo), 1.0, np.float32)
        for light in self._scene.lights:
            image += _reflect(light, hits, view, 0 * albedo, gloss)
        return np.where(is_clear[:, None], image, behind).astype(np.float32)


def _world_rays(camera: Camera, pose: Array, supersampling: int) -> tuple[Floats, Floats]:
    directions = camera.rays(supersampling).reshape(-1, 3) @ pose[:3, :3].T
    return directions.astype(np.float32), pose[:3, 3].astype(np.float32)


def _patterned(shape: tuple[int, int], samples: Floats) -> Floats:
    """Assign one of PATTERN_PX^2 samples (k, 3) to each pixel of an image; returns (n, 3)."""
    rows, columns = np.indices(shape) % PATTERN_PX
    return samples[(rows * PATTERN_PX + columns).ravel()]


def _on_sphere(count: int, rng: np.random.Generator) -> Floats:
    points = rng.standard_normal((count, 3))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def _reflect(light: Light, hits: RayHits, view: Floats, albedo: Floats, gloss: Floats) -> Floats:
    """Radiance (n, 3) of unshadowed surfaces under one light."""
    toward = (light.center - hits.points).astype(np.float32)
    distance = np.linalg.norm(toward, axis=1, keepdims=True)
    toward /= distance
    cosine = np.einsum("nc,nc->n", hits.normals, toward).clip(0)[:, None]
    half = toward + view
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    alignment = np.einsum("nc,nc->n", hits.normals, half).clip(0)
    specular = (gloss * (8 + 60 * gloss) / 8 * alignment ** (8 + 160 * gloss))[:, None]
    return (cosine / distance**2 * (albedo + 0.6 * specular)).astype(
        np.float32
    ) * light.power.astype(np.float32)


def _sample_textures(triangles: Triangles, hits: RayHits, camera: Camera) -> Floats:
    """Look up the linear albedo (n, 3), from the mip level of each pixel's footprint."""
    albedo = np.zeros((len(hits.points), 3), np.float32)
    materials = np.where(hits.is_valid, triangles.material_ids[hits.triangles], -1)
    order = np.argsort(materials, kind="stable")
    starts = np.searchsorted(materials[order], np.arange(len(triangles.materials) + 1))
    for index, material in enumerate(triangles.materials):
        pixels = order[starts[index] : starts[index + 1]]
        if len(pixels):
            footprint = hits.distances[pixels] / camera.intrinsics.fx
            length = triangles.uv_length[hits.triangles[pixels]]
            albedo[pixels] = _look_up(material.texture, hits.uv[pixels], footprint / length)
    return (albedo / 255) ** GAMMA


def _look_up(texture: NDArray[np.uint8], uv: Floats, footprint: Floats) -> Floats:
    """Sample a texture bilinearly at uv (n, 2), v up, in mip levels by footprint (n,) in uv units."""
    result = np.empty((len(uv), 3), np.float32)
    level = np.log2(np.maximum(footprint * max(texture.shape[:2]), 1)).astype(int)
    mip: NDArray[Any] = texture
    for index in range(int(level.max()) + 1):
        chosen = level == index
        if chosen.any():
            result[chosen] = _bilinear(mip, uv[chosen])
        if min(mip.shape[:2]) > 1:
            mip = cv2.resize(
                mip, (mip.shape[1] // 2, mip.shape[0] // 2), interpolation=cv2.INTER_AREA
            )
    return result


def _bilinear(texture: NDArray[Any], uv: Floats) -> Floats:
    height, width = texture.shape[:2]
    x, y = uv[:, 0] * width - 0.5, (1 - uv[:, 1]) * height - 0.5
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = (x - x0)[:, None], (y - y0)[:, None]
    x0, x1, y0, y1 = x0 % width, (x0 + 1) % width, y0 % height, (y0 + 1) % height
    top = texture[y0, x0] * (1 - fx) + texture[y0, x1] * fx
    bottom = texture[y1, x0] * (1 - fx) + texture[y1, x1] * fx
    return (top * (1 - fy) + bottom * fy).astype(np.float32)
