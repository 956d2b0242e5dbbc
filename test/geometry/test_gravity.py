"""Search for the support plane."""

from __future__ import annotations

import numpy as np
import pytest

from scenerep_ros.frames import KINECT
from scenerep_ros.geometry import find_support_plane, viewing_rays

RAYS = viewing_rays(KINECT, 480, 640)[::8, ::8]


def inverse_depth_of(*planes):
    """Return the inverse depth of the nearest of planes, each (normal towards camera, distance)."""
    return np.max([RAYS @ -np.asarray(n, np.float32) / d for n, d in planes], 0).clip(0.05)


def tilted(pitch):
    """Return the upward direction of a camera that looks down by an angle [rad]."""
    return np.array([0, -np.cos(pitch), -np.sin(pitch)])


@pytest.mark.parametrize("pitch", [0.3, 0.7, 1.2])
def test_find_support_plane_of_a_floor_below_the_camera(pitch):
    up = tilted(pitch)
    wall = np.array([0, np.sin(pitch), -np.cos(pitch)])
    plane = find_support_plane(inverse_depth_of((up, 1.2), (wall, 3.0)), RAYS)
    np.testing.assert_allclose(-plane.normal, up, atol=0.02)
    assert plane.distance == pytest.approx(1.2, abs=0.02)


def test_find_support_plane_with_a_pose_follows_the_world():
    # The camera is rolled by 90 degrees: the floor is on the right of the image.
    pose = np.eye(4)
    pose[:3, :3] = np.array([(0, 1, 0), (0, 0, 1), (-1, 0, 0)])
    floor, wall = np.array([-1.0, 0, 0]), np.array([0, 0, -1.0])
    plane = find_support_plane(inverse_depth_of((floor, 0.5), (wall, 2.0)), RAYS, pose)
    np.testing.assert_allclose(-plane.normal, floor, atol=0.02)


def test_find_support_plane_of_a_wall_alone_is_none():
    assert find_support_plane(inverse_depth_of(((0, 0, -1), 2.0)), RAYS) is None
