"""What lies on the table: shapes, surfaces, and where each object is dropped."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import trimesh

from . import textures
from .meshes import Array, box, circle, handle, loft, rounded_rectangle, wedges
from .textures import Image


@dataclass(frozen=True)
class Item:
    """One object.

    Attributes:
        mesh: in its own frame, metres, z up.
        texture: (H, W, 3) uint8, BGR.
        place: where its frame's origin starts to fall, metres; the table top is z = 0.
        yaw: degrees about z.
        roughness: of its surface; below 0.15 it mirrors, and a structured-light sensor is blind.
        pieces: convex point sets that collide; the mesh's own hull when empty.
    """

    name: str
    mesh: trimesh.Trimesh
    texture: Image
    place: tuple[float, float, float]
    yaw: float = 0.0
    roughness: float = 0.4
    pieces: list[Array] = field(default_factory=list)


def assets() -> Path:
    """Folder of the meshes and textures of the installed robosuite, which is not imported."""
    spec = find_spec("robosuite")
    if spec is None or spec.origin is None:
        raise SystemExit("robosuite is not installed; see the dependencies in render_tabletop.py")
    return Path(spec.origin).parent / "models" / "assets"


def photo(name: str) -> Image:
    """One of robosuite's textures."""
    image = cv2.imread(str(assets() / "textures" / f"{name}.png"))
    if image is None:
        raise SystemExit(
            f"texture {name} is not in {assets()}; render_tabletop.py names the release"
        )
    return image.astype(np.uint8)


def grocery(name: str, scale: float) -> trimesh.Trimesh:
    """One of robosuite's meshes, upright on the ground, at household size."""
    path = assets() / "objects" / "meshes" / f"{name}.obj"
    mesh = trimesh.load(path, force="mesh", process=False)
    mesh.apply_translation((0, 0, -mesh.bounds[0, 2]))
    return mesh.apply_scale(scale)


def _wrapped(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """Lay a texture around a mesh: u by angle, v by height, no triangle across the seam."""
    corners = mesh.vertices[mesh.faces]
    angle = np.arctan2(corners[..., 1], corners[..., 0]) / (2 * np.pi)
    middle = angle.mean(1, keepdims=True)
    middle = np.where(np.ptp(angle, axis=1, keepdims=True) > 0.5, 0.5, middle)
    angle += np.round(middle - angle)
    uv = np.stack([angle + 0.625, corners[..., 2] / mesh.bounds[1, 2]], -1).reshape(-1, 2)
    faces = np.arange(len(uv)).reshape(-1, 3)
    visual = trimesh.visual.TextureVisuals(uv=uv)
    return trimesh.Trimesh(corners.reshape(-1, 3), faces, visual=visual, process=False)


def _mug(place: tuple[float, float, float]) -> Item:
    outer, inner = 0.041, 0.037
    cup = [(0, 0), (0.036, 0), (outer, 0.006), (outer, 0.09), (0.039, 0.093), (inner, 0.09)]
    body = loft(circle(), [*cup, (inner, 0.008), (0, 0.006)])
    grip = handle(0.027, 0.006, (outer - 0.003, 0, 0.047))
    mesh = trimesh.util.concatenate([body, grip])
    pieces = [body.vertices, grip.vertices]
    return Item("mug", mesh, textures.mug(photo("ceramic")), place, -35, 0.2, pieces)


def _bowl(place: tuple[float, float, float]) -> Item:
    outside = [(0, 0), (0.038, 0), (0.042, 0.006), (0.066, 0.03), (0.082, 0.062), (0.081, 0.064)]
    inside = [(0.078, 0.062), (0.062, 0.032), (0.038, 0.01), (0, 0.008)]
    mesh = loft(circle(), outside + inside)
    walls = [*wedges([*outside[2:4], inside[1], inside[2]]), *wedges([*outside[3:], *inside[:2]])]
    foot = loft(circle(24), [(0, 0), (0.038, 0), (0.038, 0.009), (0, 0.009)]).vertices
    return Item("bowl", mesh, textures.bowl(photo("clay")), place, 0, 0.25, [foot, *walls])


def _bottle(place: tuple[float, float, float]) -> Item:
    body = [(0, 0), (0.8, 0), (1, 0.008), (1, 0.13), (0.9, 0.155), (0.45, 0.185), (0.4, 0.19)]
    cap = [(0.4, 0.19), (0.48, 0.19), (0.48, 0.19), (0.42, 0.225), (0.42, 0.225), (0, 0.226)]
    mesh = loft(circle() * (0.042, 0.03), body + cap)
    return Item("bottle", mesh, textures.bottle(photo("glass")), place, 15, 0.25)


def _pencil(place: tuple[float, float, float]) -> Item:
    mesh = loft(circle(6) * 0.0042, [(0, 0), (1, 0), (1, 0), (1, 0.158), (1, 0.158), (0, 0.178)])
    mesh.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (0, 1, 0)))
    return Item("pencil", mesh, textures.pencil(photo("light-wood")), place, 140, 0.35)


def _phone(place: tuple[float, float, float]) -> Item:
    profile = [(0, 0), (0.97, 0), (1, 0.002), (1, 0.007), (0.97, 0.009), (0.97, 0.009), (0, 0.009)]
    mesh = loft(rounded_rectangle(0.158, 0.076), profile, planar=True)
    return Item("phone", mesh, textures.phone(), place, 24, 0.06)


def catalogue() -> list[Item]:
    """All objects; an object's id is its place in this list, from 1."""
    robotics = textures.book(
        ("FIELD", "ROBOTICS"), (40, 40, 150), (120, 200, 230), photo("red-wood")
    )
    vision = textures.book(("SEEING", "THINGS"), (140, 80, 30), (200, 220, 225), photo("blue-wood"))
    milk = _wrapped(grocery("milk", 1.35))
    return [
        Item("cereal", grocery("cereal", 1.6), photo("cereal"), (-0.16, 0.17, 0.005), 18),
        Item("milk", milk, textures.carton(photo("white-plaster")), (0.07, 0.16, 0.005), 20),
        Item("soda", grocery("can", 1.35), photo("soda"), (0.135, 0.105, 0.005), -40, 0.25),
        Item("bread", grocery("bread", 1.7), photo("bread"), (0.035, 0.01, 0.005), 25, 0.8),
        Item("large book", box(0.215, 0.15, 0.03), robotics, (-0.17, -0.04, 0.004), -14, 0.5),
        Item("small book", box(0.17, 0.12, 0.022), vision, (-0.165, -0.03, 0.04), 10, 0.5),
        _mug((-0.175, -0.02, 0.07)),
        _bowl((0.175, -0.025, 0.004)),
        Item("lemon", grocery("lemon", 1.5), photo("lemon"), (0.175, -0.03, 0.05), 30, 0.35),
        _bottle((0.235, 0.12, 0.004)),
        _phone((0.075, -0.165, 0.004)),
        _pencil((0.02, -0.2, 0.045)),
    ]
