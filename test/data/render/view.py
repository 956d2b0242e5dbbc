"""Rendering of the scene: radiance by path tracing, geometry by one ray per pixel center."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np
import trimesh
from numpy.typing import NDArray

from .objects import Item, load_texture
from .physics import TABLE_HALF_EXTENTS
from .textures import Image

mi.set_variant("llvm_ad_rgb")
WIDTH, HEIGHT, FOCAL_LENGTH_PX = 640, 480, 525.0
"""Image size and focal length [px]."""
TO_WORLD = mi.ScalarTransform4f


@dataclass(frozen=True)
class GeometryBuffers:
    """Properties (H, W) of the surface that each pixel shows.

    Attributes:
        depth: float32, along the optical axis [m]; inf = no surface.
        cosine: float32, cosine of the angle between the surface normal and the ray.
        albedo: float32, diffuse reflectance.
        ids: uint8, object id; 0 = background (table, wall, floor).
    """

    depth: NDArray[np.float32]
    cosine: NDArray[np.float32]
    albedo: NDArray[np.float32]
    ids: NDArray[np.uint8]


def _material(texture: Image, roughness: float, repeat: tuple[float, float] = (1, 1)) -> Any:
    bitmap = mi.Bitmap(np.ascontiguousarray(texture[..., ::-1]))
    uv = mi.ScalarTransform4f().scale((*repeat, 1))
    color = {"type": "bitmap", "bitmap": bitmap, "to_uv": uv}
    bsdf = {"type": "principled", "base_color": color, "roughness": roughness, "specular": 0.5}
    return {"type": "twosided", "bsdf": bsdf}


def _shape(index: int, item: Item, pose: NDArray[np.float64], folder: Path) -> Any:
    path = folder / f"{index}.obj"
    path.write_text(trimesh.exchange.obj.export_obj(item.mesh, include_normals=False))
    return {
        "type": "obj",
        "filename": str(path),
        "to_world": TO_WORLD(pose),
        "face_normals": len(item.mesh.faces) < 400,
        "bsdf": _material(item.texture, item.roughness),
    }


def _textured_rectangle(texture: str, transform: Any, repeat: tuple[float, float]) -> Any:
    surface = _material(load_texture(texture), 0.6, repeat)
    return {"type": "rectangle", "to_world": transform, "bsdf": surface}


def _room_shapes() -> dict[str, Any]:
    translate, rotate = TO_WORLD().translate, TO_WORLD().rotate
    top = TO_WORLD().translate((0, 0, -TABLE_HALF_EXTENTS[2])).scale(TABLE_HALF_EXTENTS)
    back = translate((0, 1.1, 0.9)) @ rotate((1, 0, 0), 90).scale((3, 1.7, 1))
    return {
        "table": {
            "type": "cube",
            "to_world": top,
            "bsdf": _material(load_texture("light-wood"), 0.35),
        },
        "floor": _textured_rectangle(
            "wood-varnished-panels", translate((0, 0, -0.74)).scale(3), (5, 5)
        ),
        "wall": _textured_rectangle("white-bricks", back, (5, 3)),
    }


def _area_light(position: tuple[float, float, float], size: float, color: tuple[float, ...]) -> Any:
    transform = TO_WORLD().look_at(position, (0, 0, 0), (0, 1, 0.1)).scale(size)
    emitter = {"type": "area", "radiance": {"type": "rgb", "value": color}}
    return {"type": "rectangle", "to_world": transform, "emitter": emitter}


def _light_sources() -> dict[str, Any]:
    return {
        "ceiling": _area_light((0.5, -0.2, 2.0), 0.4, (9.5, 8.7, 7.6)),
        "window": _area_light((-2.2, -0.9, 1.1), 0.6, (3.6, 4.1, 4.8)),
        "ambient": {"type": "constant", "radiance": {"type": "rgb", "value": (0.22, 0.22, 0.235)}},
    }


def _sensor(pose: NDArray[np.float64]) -> Any:
    film = {"type": "hdrfilm", "width": WIDTH, "height": HEIGHT, "pixel_format": "rgb"}
    return mi.load_dict(
        {
            "type": "perspective",
            "fov": float(np.degrees(2 * np.arctan(WIDTH / 2 / FOCAL_LENGTH_PX))),
            "near_clip": 0.05,
            "to_world": TO_WORLD(pose @ np.diag([-1.0, -1.0, 1.0, 1.0])),
            "film": film,
            "sampler": {"type": "multijitter"},
        }
    )


class Scene:
    """Scene of the objects at rest on the table, in a room.

    Args:
        items: objects.
        poses: (len(items), 4, 4), object frame to world.
        folder: folder for temporary mesh files.
    """

    def __init__(self, items: list[Item], poses: NDArray[np.float64], folder: Path) -> None:
        shapes = [_shape(i, item, poses[i], folder) for i, item in enumerate(items)]
        objects = {f"object_{i + 1}": shape for i, shape in enumerate(shapes)}
        integrator = {"type": "path", "max_depth": 5}
        self._scene = mi.load_dict(
            {
                "type": "scene",
                "integrator": integrator,
                **_room_shapes(),
                **_light_sources(),
                **objects,
            }
        )

    def render_radiance(
        self, pose: NDArray[np.float64], samples: int, seed: int
    ) -> NDArray[np.float32]:
        """Render the radiance at a camera pose.

        Args:
            pose: (4, 4) camera optical frame to world.
            samples: light paths per pixel.
            seed: seed of the path tracer.

        Returns:
            (H, W, 3) float32 linear RGB.
        """
        image = mi.render(self._scene, sensor=_sensor(pose), spp=samples, seed=seed)
        return np.array(image)

    def render_geometry(self, pose: NDArray[np.float64]) -> GeometryBuffers:
        """Render exact depth, incidence, albedo and ids at a pose (4, 4), optical frame to world."""
        # Intersect one ray through each pixel center with the scene.
        sensor = _sensor(pose)
        pixel_index = dr.arange(mi.UInt32, WIDTH * HEIGHT)
        u, v = mi.Float(pixel_index % WIDTH), mi.Float(pixel_index // WIDTH)
        pixel_center = mi.Point2f((u + 0.5) / WIDTH, (v + 0.5) / HEIGHT)
        ray, _ = sensor.sample_ray(0.0, 0.0, pixel_center, mi.Point2f(0.5))
        hit = self._scene.ray_intersect(ray)
        # Project the hit points onto the optical axis.
        axis = mi.Vector3f(pose[:3, 2].tolist())
        depth = dr.dot(hit.p - mi.Point3f(pose[:3, 3].tolist()), axis)
        depth = dr.select(hit.is_valid(), depth, dr.inf)
        # Evaluate the surface properties at the hit points.
        cosine = dr.abs(dr.dot(hit.n, ray.d))
        albedo = dr.mean(hit.bsdf().eval_diffuse_reflectance(hit, hit.is_valid()))
        buffers = (depth, cosine, albedo, self._object_ids(hit))
        depth, cosine, albedo, ids = (np.array(x).reshape(HEIGHT, WIDTH) for x in buffers)
        return GeometryBuffers(depth, cosine, albedo, ids.astype(np.uint8))

    def _object_ids(self, hit: Any) -> Any:
        ids = mi.UInt32(0)
        for shape in self._scene.shapes():
            if shape.id().startswith("object_"):
                is_hit = hit.shape == mi.ShapePtr(shape)
                ids = dr.select(is_hit, int(shape.id().removeprefix("object_")), ids)
        return ids
