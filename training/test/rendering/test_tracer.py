"""Ray tracing of small scenes whose geometry is known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("open3d", reason="the extra `render` is not installed")

from scenerep_training.rendering.assets import textures
from scenerep_training.rendering.assets.meshes import tiled_box
from scenerep_training.rendering.scene import Item, Light, Material, Part, Scene
from scenerep_training.rendering.tracer import Tracer
from scenerep_training.rendering.viewing.camera import Camera, look_at

CAMERA = Camera.with_field_of_view(64, 48, 60)
FRONT = look_at((0, -2, 0), (0, 0, 0))


def cuboid(position, size=(0.6, 0.2, 0.6), **appearance):
    texture = textures.solid((200, 120, 60))
    part = Part(tiled_box(*size), Material(texture, **appearance))
    return Item("box", (part,)).at((position[0], position[1], position[2] - size[2] / 2))


def scene_of(*items):
    light = Light(np.array([0.0, -2.0, 1.5]), 0.2 * np.eye(3)[:2], np.full(3, 2.0))
    return Scene(dict(enumerate(items, 1)), (light,), np.full(3, 0.3))


def test_geometry_of_a_box_before_a_wall_is_exact():
    wall = cuboid((0, 1.1, 0), (8, 0.2, 8))
    geometry = Tracer(scene_of(wall, cuboid((0, 0.1, 0)))).geometry(CAMERA, FRONT)
    assert geometry.depth[24, 32] == pytest.approx(2.0, abs=1e-5)
    assert geometry.depth[2, 2] == pytest.approx(3.0, abs=1e-5)
    assert geometry.ids[24, 32] == 2
    assert geometry.ids[2, 2] == 1
    width = (geometry.ids[24] == 2).sum()
    assert width == pytest.approx(0.6 / 2 * CAMERA.intrinsics.fx, abs=1)


def test_geometry_without_a_surface_is_infinite_and_unlabelled():
    geometry = Tracer(scene_of(cuboid((0, 0.1, 0)))).geometry(CAMERA, FRONT)
    assert np.isinf(geometry.depth[2, 2])
    assert geometry.ids[2, 2] == 0


def test_clear_item_is_labelled_but_depth_shows_the_surface_behind():
    wall = cuboid((0, 1.1, 0), (8, 0.2, 8))
    glass = cuboid((0, 0.1, 0), gloss=1.0, is_clear=True)
    tracer = Tracer(scene_of(wall, glass), supersampling=1)
    geometry = tracer.geometry(CAMERA, FRONT)
    assert geometry.ids[24, 32] == 2
    assert geometry.depth[24, 32] == pytest.approx(3.0, abs=1e-5)
    bare = Tracer(scene_of(wall), supersampling=1).radiance(CAMERA, FRONT)
    assert np.abs(tracer.radiance(CAMERA, FRONT) - bare)[24, 32].max() > 0.01


def test_radiance_is_lower_in_the_shadow_of_an_item():
    floor = cuboid((0, 0, -0.5), (8, 8, 0.2))
    blocker = cuboid((0, -0.6, 0.4), (0.8, 0.8, 0.05))
    above = look_at((0, -0.5, 2.6), (0, 0, -0.4))
    lit = Tracer(scene_of(floor), supersampling=1).radiance(CAMERA, above)
    tracer = Tracer(scene_of(floor, blocker), supersampling=1)
    shaded = tracer.radiance(CAMERA, above)
    on_floor = tracer.geometry(CAMERA, above).ids == 1
    ratio = shaded[on_floor].mean(1) / lit[on_floor].mean(1)
    assert ratio.min() < 0.7
    assert ratio.max() > 0.9


def test_texture_of_a_near_surface_is_visible():
    checks = np.kron(np.indices((8, 8)).sum(0) % 2 * 255, np.ones((32, 32))).astype(np.uint8)
    mesh = tiled_box(4, 0.2, 4)
    wall = Item("wall", (Part(mesh, Material(np.dstack([checks] * 3))),)).at((0, 1.1, -2))
    image = Tracer(scene_of(wall), supersampling=2).radiance(CAMERA, FRONT)
    assert image.std() > 0.2 * image.mean()
