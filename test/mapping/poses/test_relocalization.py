"""Pose of a frame in a map, without an earlier pose."""

from dataclasses import replace

import numpy as np
import pytest
from box_world import Cuboid, look_at, make_frame, orbit

from scenerep_ros.config.options import MappingOptions
from scenerep_ros.mapping.poses.pose_gate import motion_between
from scenerep_ros.mapping.poses.registration import MapSurface, align, transform
from scenerep_ros.mapping.scene_map import SceneMap

BOXES = [
    Cuboid(3, (0.4, 0.0)),
    Cuboid(5, (-0.4, 0.3), (0.2, 0.4, 0.5)),
    Cuboid(9, (0.0, -0.5), (0.25, 0.2, 0.35)),
]


@pytest.fixture(scope="module")
def scene_map():
    scene_map = SceneMap(MappingOptions())
    for index, pose in enumerate(orbit(24, stop_deg=120)):
        scene_map.integrate(*make_frame(BOXES, pose, index))
    return scene_map


def without_pose(pose):
    return make_frame(BOXES, pose, 99, known_pose=None)


@pytest.mark.parametrize("azimuth_deg", [25, 95])
def test_frame_of_known_objects_gets_its_pose(scene_map, azimuth_deg):
    (pose,) = orbit(1, radius=1.7, height=1.1, start_deg=azimuth_deg)
    distance, angle_deg = motion_between(scene_map.relocalize(*without_pose(pose)), pose)
    assert distance < 0.03
    assert angle_deg < 1.5


def test_frame_that_the_map_shows_in_part_gets_its_pose(scene_map):
    (pose,) = orbit(1, radius=3.2, height=1.6, start_deg=60)
    distance, angle_deg = motion_between(scene_map.relocalize(*without_pose(pose)), pose)
    assert distance < 0.03
    assert angle_deg < 1.5


def test_frame_of_a_bare_wall_gets_no_pose(scene_map):
    pose = look_at((2, 0, 1.3), (4, 1, 1.0))
    assert scene_map.relocalize(*without_pose(pose)) is None


def test_frame_of_a_changed_arrangement_gets_no_pose(scene_map):
    moved = [
        box.at(x, y) for box, (x, y) in zip(BOXES, [(0, 0.8), (0.9, 0), (-0.8, 0)], strict=True)
    ]
    frame, scene = make_frame(moved, orbit(1)[0], 99, known_pose=None)
    assert scene_map.relocalize(replace(frame, pose=None), scene) is None


def test_registration_recovers_a_small_motion():
    rng = np.random.default_rng(0)
    sides = rng.uniform(0, 1, (3, 600, 3)).astype(np.float32)
    for axis, side in enumerate(sides):
        side[:, axis] = 0
    points = np.concatenate(sides)
    motion = np.eye(4)
    motion[:3, :3] = [[np.cos(0.1), -np.sin(0.1), 0], [np.sin(0.1), np.cos(0.1), 0], [0, 0, 1]]
    motion[:3, 3] = 0.05, -0.05, 0.03
    surface = MapSurface(points)
    moved = transform(points, np.linalg.inv(motion))
    result = surface.register(moved, np.eye(4))
    np.testing.assert_allclose(result, motion, atol=0.01)
    assert surface.fitness(moved, result) > 0.99
    np.testing.assert_allclose(align(moved, points), motion, atol=1e-5)
