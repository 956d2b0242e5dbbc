"""What the camera sees: light by path tracing, geometry by one ray through each pixel's centre."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np
import trimesh
from numpy.typing import NDArray

from .objects import Item, photo
from .physics import TABLE
from .textures import Image

mi.set_variant("llvm_ad_rgb")
WIDTH, HEIGHT, FOCAL = 640, 480, 525.0
TO_WORLD = mi.ScalarTransform4f


@dataclass(frozen=True)
class Geometry:
    """What lies behind each pixel, (H, W).

    Attributes:
        depth: float32, metres along the optical axis; inf = nothing.
        cosine: float32, of the angle between the surface's normal and the ray.
        albedo: float32, share of the light that is scattered back diffusely.
        ids: uint8, 0 = background, else the object's id.
    """

    depth: NDArray[np.float32]
    cosine: NDArray[np.float32]
    albedo: NDArray[np.float32]
    ids: NDArray[np.uint8]


def _surface(texture: Image, roughness: float, repeat: tuple[float, float] = (1, 1)) -> Any:
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
        "bsdf": _surface(item.texture, item.roughness),
    }


def _panel(texture: str, transform: Any, repeat: tuple[float, float]) -> Any:
    surface = _surface(photo(texture), 0.6, repeat)
    return {"type": "rectangle", "to_world": transform, "bsdf": surface}


def _room() -> dict[str, Any]:
    move, turn = TO_WORLD().translate, TO_WORLD().rotate
    top = TO_WORLD().translate((0, 0, -TABLE[2])).scale(TABLE)
    back = move((0, 1.1, 0.9)) @ turn((1, 0, 0), 90).scale((3, 1.7, 1))
    return {
        "table": {"type": "cube", "to_world": top, "bsdf": _surface(photo("light-wood"), 0.35)},
        "floor": _panel("wood-varnished-panels", move((0, 0, -0.74)).scale(3), (5, 5)),
        "wall": _panel("white-bricks", back, (5, 3)),
    }


def _light(place: tuple[float, float, float], size: float, color: tuple[float, ...]) -> Any:
    transform = TO_WORLD().look_at(place, (0, 0, 0), (0, 1, 0.1)).scale(size)
    emitter = {"type": "area", "radiance": {"type": "rgb", "value": color}}
    return {"type": "rectangle", "to_world": transform, "emitter": emitter}


def _lights() -> dict[str, Any]:
    return {
        "ceiling": _light((0.5, -0.2, 2.0), 0.4, (9.5, 8.7, 7.6)),
        "window": _light((-2.2, -0.9, 1.1), 0.6, (3.6, 4.1, 4.8)),
        "ambient": {"type": "constant", "radiance": {"type": "rgb", "value": (0.22, 0.22, 0.235)}},
    }


def _sensor(pose: NDArray[np.float64]) -> Any:
    film = {"type": "hdrfilm", "width": WIDTH, "height": HEIGHT, "pixel_format": "rgb"}
    return mi.load_dict(
        {
            "type": "perspective",
            "fov": float(np.degrees(2 * np.arctan(WIDTH / 2 / FOCAL))),
            "near_clip": 0.05,
            "to_world": TO_WORLD(pose @ np.diag([-1.0, -1.0, 1.0, 1.0])),
            "film": film,
            "sampler": {"type": "multijitter"},
        }
    )


class Scene:
    """The settled table in its room."""

    def __init__(self, items: list[Item], poses: NDArray[np.float64], folder: Path) -> None:
        shapes = [_shape(i, item, poses[i], folder) for i, item in enumerate(items)]
        objects = {f"object_{i + 1}": shape for i, shape in enumerate(shapes)}
        tracer = {"type": "path", "max_depth": 5}
        self._scene = mi.load_dict(
            {"type": "scene", "integrator": tracer, **_room(), **_lights(), **objects}
        )

    def light(self, pose: NDArray[np.float64], samples: int, seed: int) -> NDArray[np.float32]:
        """Radiance (H, W, 3) float32, linear RGB, at a camera pose (4, 4)."""
        image = mi.render(self._scene, sensor=_sensor(pose), spp=samples, seed=seed)
        return np.array(image)

    def geometry(self, pose: NDArray[np.float64]) -> Geometry:
        """Exact depth, incidence, albedo and ids at a camera pose (4, 4)."""
        sensor = _sensor(pose)
        pixel = dr.arange(mi.UInt32, WIDTH * HEIGHT)
        u, v = mi.Float(pixel % WIDTH), mi.Float(pixel // WIDTH)
        centre = mi.Point2f((u + 0.5) / WIDTH, (v + 0.5) / HEIGHT)
        ray, _ = sensor.sample_ray(0.0, 0.0, centre, mi.Point2f(0.5))
        hit = self._scene.ray_intersect(ray)
        axis = mi.Vector3f(pose[:3, 2].tolist())
        depth = dr.dot(hit.p - mi.Point3f(pose[:3, 3].tolist()), axis)
        depth = dr.select(hit.is_valid(), depth, dr.inf)
        cosine = dr.abs(dr.dot(hit.n, ray.d))
        albedo = dr.mean(hit.bsdf().eval_diffuse_reflectance(hit, hit.is_valid()))
        buffers = (depth, cosine, albedo, self._ids(hit))
        depth, cosine, albedo, ids = (np.array(x).reshape(HEIGHT, WIDTH) for x in buffers)
        return Geometry(depth, cosine, albedo, ids.astype(np.uint8))

    def _ids(self, hit: Any) -> Any:
        ids = mi.UInt32(0)
        for shape in self._scene.shapes():
            if shape.id().startswith("object_"):
                here = hit.shape == mi.ShapePtr(shape)
                ids = dr.select(here, int(shape.id().removeprefix("object_")), ids)
        return ids
