"""Recorded transforms between coordinate frames."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from scenerep_ros.mapping.poses.transform_tree import TransformTree

IDENTITY = (0.0, 0.0, 0.0, 1.0)
SECOND = 10**9


def moving_camera(rate_hz=10):
    """Return a tree map > base > camera; the base moves along x at 1 m/s and turns at 90 deg/s."""
    tree = TransformTree()
    tree.add("/base", "camera", 0, (0, 0, 1), IDENTITY, is_static=True)
    for index in range(rate_hz + 1):
        time_s = index / rate_hz
        turn = Rotation.from_euler("z", 90 * time_s, degrees=True).as_quat()
        tree.add("map", "base", round(time_s * SECOND), (time_s, 0, 0), tuple(turn))
    return tree


def test_pose_between_two_stamps_is_interpolated():
    pose = moving_camera().pose("camera", SECOND // 2 + SECOND // 20)
    np.testing.assert_allclose(pose[:3, 3], (0.55, 0, 1), atol=1e-6)
    angle = Rotation.from_matrix(pose[:3, :3]).as_euler("xyz", degrees=True)
    np.testing.assert_allclose(angle, (0, 0, 49.5), atol=1e-6)


def test_root_is_the_last_parent_also_of_a_loop():
    tree = moving_camera()
    assert tree.root("camera") == "map"
    tree.add("camera", "map", 0, (0, 0, 0), IDENTITY)
    assert tree.root("camera") == "map"


def test_pose_outside_the_stamps_or_in_a_gap_is_unknown():
    tree = moving_camera()
    assert tree.pose("camera", -1) is None
    assert tree.pose("camera", SECOND + 1) is None
    assert tree.pose("camera", SECOND) is not None
    assert moving_camera(rate_hz=1).pose("camera", SECOND // 2) is None


def test_pose_of_a_frame_without_parent_is_unknown():
    assert moving_camera().pose("other", SECOND // 2) is None


def test_transforms_out_of_order_are_sorted():
    tree = TransformTree()
    for time_s in (0.2, 0.0, 0.1):
        tree.add("map", "camera", round(time_s * SECOND), (time_s, 0, 0), IDENTITY)
    np.testing.assert_allclose(tree.pose("camera", SECOND // 20)[:3, 3], (0.05, 0, 0))


@pytest.mark.parametrize(
    ("translation", "quaternion"),
    [((9, 0, 0), (0, 0, 0, 0)), ((9, 0, 0), (0, 0, 0, np.nan)), ((np.inf, 0, 0), IDENTITY)],
)
def test_transform_that_is_no_pose_is_left_out(translation, quaternion):
    tree = moving_camera()
    tree.add("map", "base", SECOND // 2 + 1, translation, quaternion)
    pose = tree.pose("camera", SECOND // 2 + SECOND // 20)
    np.testing.assert_allclose(pose[:3, 3], (0.55, 0, 1), atol=1e-6)
