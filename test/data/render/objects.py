"""Objects of the table-top scene: meshes, textures and drop positions."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import trimesh
from scenerep_training.rendering.assets.meshes import (
    Array,
    box,
    circle,
    half_torus,
    loft,
    rounded_rectangle,
    split_into_wedges,
)

from . import textures
from .textures import Image


@dataclass(frozen=True)
class Item:
    """One object.

    Attributes:
        mesh: in the object frame [m], z up.
        texture: (H, W, 3) uint8, BGR.
        drop_position: initial world position of the object frame [m]; the table top is z = 0.
        yaw_deg: initial rotation about z [deg].
        roughness: of the surface, 0 to 1. A surface below 0.15 is specular and returns no depth.
        collision_hulls: convex point sets for collisions; empty = the convex hull of the mesh.
    """

    name: str
    mesh: trimesh.Trimesh
    texture: Image
    drop_position: tuple[float, float, float]
    yaw_deg: float = 0.0
    roughness: float = 0.4
    collision_hulls: list[Array] = field(default_factory=list)


def assets_folder() -> Path:
    """Return the asset folder of the installed robosuite without importing it."""
    spec = find_spec("robosuite")
    if spec is None or spec.origin is None:
        raise SystemExit("robosuite is not installed; see the dependencies in render_tabletop.py")
    return Path(spec.origin).parent / "models" / "assets"


def load_texture(name: str) -> Image:
    """Load a texture of robosuite."""
    image = cv2.imread(str(assets_folder() / "textures" / f"{name}.png"))
    if image is None:
        raise SystemExit(
            f"texture {name} is not in {assets_folder()}; render_tabletop.py names the release"
        )
    return image.astype(np.uint8)


def load_mesh(name: str, scale: float) -> trimesh.Trimesh:
    """Load a mesh of robosuite, scaled and moved onto z = 0."""
    path = assets_folder() / "objects" / "meshes" / f"{name}.obj"
    mesh = trimesh.load(path, force="mesh", process=False)
    mesh.apply_translation((0, 0, -mesh.bounds[0, 2]))
    return mesh.apply_scale(scale)


def _with_cylindrical_uv(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """Add cylindrical texture coordinates: u by angle, v by height."""
    corners = mesh.vertices[mesh.faces]
    angle = np.arctan2(corners[..., 1], corners[..., 0]) / (2 * np.pi)
    # Unwrap the angles of triangles that cross the seam.
    center_angle = angle.mean(1, keepdims=True)
    center_angle = np.where(np.ptp(angle, axis=1, keepdims=True) > 0.5, 0.5, center_angle)
    angle += np.round(center_angle - angle)
    # Give each triangle its own vertices, so that none are shared across the seam.
    uv = np.stack([angle + 0.625, corners[..., 2] / mesh.bounds[1, 2]], -1).reshape(-1, 2)
    faces = np.arange(len(uv)).reshape(-1, 3)
    visual = trimesh.visual.TextureVisuals(uv=uv)
    return trimesh.Trimesh(corners.reshape(-1, 3), faces, visual=visual, process=False)


def _build_mug(drop_position: tuple[float, float, float]) -> Item:
    outer_radius, inner_radius = 0.041, 0.037
    cup_profile = [
        (0, 0),
        (0.036, 0),
        (outer_radius, 0.006),
        (outer_radius, 0.09),
        (0.039, 0.093),
        (inner_radius, 0.09),
    ]
    body = loft(circle(), [*cup_profile, (inner_radius, 0.008), (0, 0.006)])
    handle = half_torus(0.027, 0.006, (outer_radius - 0.003, 0, 0.047))
    mesh = trimesh.util.concatenate([body, handle])
    collision_hulls = [body.vertices, handle.vertices]
    return Item(
        "mug",
        mesh,
        textures.draw_mug(load_texture("ceramic")),
        drop_position,
        -35,
        0.2,
        collision_hulls,
    )


def _build_bowl(drop_position: tuple[float, float, float]) -> Item:
    outer_profile = [
        (0, 0),
        (0.038, 0),
        (0.042, 0.006),
        (0.066, 0.03),
        (0.082, 0.062),
        (0.081, 0.064),
    ]
    inner_profile = [(0.078, 0.062), (0.062, 0.032), (0.038, 0.01), (0, 0.008)]
    mesh = loft(circle(), outer_profile + inner_profile)
    wall_hulls = [
        *split_into_wedges([*outer_profile[2:4], inner_profile[1], inner_profile[2]]),
        *split_into_wedges([*outer_profile[3:], *inner_profile[:2]]),
    ]
    foot_hull = loft(circle(24), [(0, 0), (0.038, 0), (0.038, 0.009), (0, 0.009)]).vertices
    return Item(
        "bowl",
        mesh,
        textures.draw_bowl(load_texture("clay")),
        drop_position,
        0,
        0.25,
        [foot_hull, *wall_hulls],
    )


def _build_bottle(drop_position: tuple[float, float, float]) -> Item:
    body_profile = [
        (0, 0),
        (0.8, 0),
        (1, 0.008),
        (1, 0.13),
        (0.9, 0.155),
        (0.45, 0.185),
        (0.4, 0.19),
    ]
    cap_profile = [
        (0.4, 0.19),
        (0.48, 0.19),
        (0.48, 0.19),
        (0.42, 0.225),
        (0.42, 0.225),
        (0, 0.226),
    ]
    mesh = loft(circle() * (0.042, 0.03), body_profile + cap_profile)
    return Item(
        "bottle", mesh, textures.draw_bottle(load_texture("glass")), drop_position, 15, 0.25
    )


def _build_pencil(drop_position: tuple[float, float, float]) -> Item:
    mesh = loft(circle(6) * 0.0042, [(0, 0), (1, 0), (1, 0), (1, 0.158), (1, 0.158), (0, 0.178)])
    mesh.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (0, 1, 0)))
    return Item(
        "pencil", mesh, textures.draw_pencil(load_texture("light-wood")), drop_position, 140, 0.35
    )


def _build_phone(drop_position: tuple[float, float, float]) -> Item:
    profile = [(0, 0), (0.97, 0), (1, 0.002), (1, 0.007), (0.97, 0.009), (0.97, 0.009), (0, 0.009)]
    mesh = loft(rounded_rectangle(0.158, 0.076), profile, planar=True)
    return Item("phone", mesh, textures.draw_phone(), drop_position, 24, 0.06)


def build_items() -> list[Item]:
    """Build all objects; the id of an object is its index in the list plus 1."""
    robotics_cover = textures.draw_book_atlas(
        ("FIELD", "ROBOTICS"), (40, 40, 150), (120, 200, 230), load_texture("red-wood")
    )
    vision_cover = textures.draw_book_atlas(
        ("SEEING", "THINGS"), (140, 80, 30), (200, 220, 225), load_texture("blue-wood")
    )
    milk_mesh = _with_cylindrical_uv(load_mesh("milk", 1.35))
    return [
        Item("cereal", load_mesh("cereal", 1.6), load_texture("cereal"), (-0.16, 0.17, 0.005), 18),
        Item(
            "milk",
            milk_mesh,
            textures.draw_carton(load_texture("white-plaster")),
            (0.07, 0.16, 0.005),
            20,
        ),
        Item(
            "soda", load_mesh("can", 1.35), load_texture("soda"), (0.135, 0.105, 0.005), -40, 0.25
        ),
        Item(
            "bread", load_mesh("bread", 1.7), load_texture("bread"), (0.035, 0.01, 0.005), 25, 0.8
        ),
        Item("large book", box(0.215, 0.15, 0.03), robotics_cover, (-0.17, -0.04, 0.004), -14, 0.5),
        Item("small book", box(0.17, 0.12, 0.022), vision_cover, (-0.165, -0.03, 0.04), 10, 0.5),
        _build_mug((-0.175, -0.02, 0.07)),
        _build_bowl((0.175, -0.025, 0.004)),
        Item(
            "lemon", load_mesh("lemon", 1.5), load_texture("lemon"), (0.175, -0.03, 0.05), 30, 0.35
        ),
        _build_bottle((0.235, 0.12, 0.004)),
        _build_phone((0.075, -0.165, 0.004)),
        _build_pencil((0.02, -0.2, 0.045)),
    ]
