"""Bounding boxes of objects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from scenerep_ros.geometry import object_box, object_boxes
from scenerep_ros.geometry.boxes import Box
from scenerep_ros.geometry.point_batch import CONSTANTS


def test_object_box_of_a_cuboid_on_a_surface_ignores_outliers():
    rng = np.random.default_rng(0)
    rotation = Rotation.from_euler("xyz", [0.6, 0.2, 0.9]).as_matrix()
    size = np.array([0.3, 0.2, 0.1])
    points = rng.uniform(-0.5, 0.5, (5000, 3)) * size @ rotation.T + [0.1, 0.2, 1.0]
    points[:20] = rng.uniform(-2, 4, (20, 3))
    points[20:40] = np.nan
    box = object_box(points.astype(np.float32), up=rotation[:, 2])
    np.testing.assert_allclose(box.center, [0.1, 0.2, 1.0], atol=0.01)
    np.testing.assert_allclose(np.sort(box.size), np.sort(size), atol=0.015)
    assert box.size[2] == pytest.approx(0.1, abs=0.01)
    assert np.linalg.det(box.rotation) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(
        Rotation.from_quat(box.quaternion).as_matrix(), box.rotation, atol=1e-5
    )


def test_object_box_without_up_is_aligned_with_the_camera():
    corners = np.array([[0, 0, 1], [0.4, 0, 1], [0, 0.2, 1], [0.4, 0.2, 1.3]], np.float32)
    box = object_box(corners.repeat(100, axis=0))
    np.testing.assert_allclose(box.center, [0.2, 0.1, 1.15], atol=1e-6)
    np.testing.assert_allclose(box.size, [0.4, 0.2, 0.3], atol=1e-6)
    assert box.quaternion == (0, 0, 0, 1)


@given(st.integers(3, 400), st.integers(0, 10**6))
def test_object_box_bounds_equal_numpy_percentiles(count, seed):
    points = np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)
    box = object_box(points)
    low, high = np.percentile(points, CONSTANTS.percentiles, axis=0)
    np.testing.assert_allclose(box.center - box.size / 2, low, atol=1e-5)
    np.testing.assert_allclose(box.center + box.size / 2, high, atol=1e-5)


def test_object_box_ignores_points_with_a_missing_coordinate():
    points = np.random.default_rng(0).random((300, 3), np.float32)
    incomplete = points.repeat(2, axis=0)
    incomplete[1::2][np.arange(300), np.arange(300) % 3] = np.nan
    np.testing.assert_array_equal(object_box(incomplete).size, object_box(points).size)


def test_object_box_of_too_few_points_is_none():
    points = np.full((4, 4, 3), np.nan, np.float32)
    points[0, :2] = 1.0
    assert object_box(points) is None


UP = np.array([0, 0, 1], np.float32)


def cylinder_front(radius=0.04, height=0.12, noise=0.001):
    """Points of the half of an upright cylinder that a camera at the origin sees."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(np.pi, 2 * np.pi, 3000)
    around = np.stack([radius * np.cos(angle), 1 + radius * np.sin(angle)], 1)
    points = np.column_stack([around, rng.uniform(-0.5, height - 0.5, 3000)])
    return (points + rng.normal(0, noise, points.shape)).astype(np.float32)


def test_object_box_completes_the_hidden_half_of_a_cylinder():
    box = object_box(cylinder_front(), up=UP)
    np.testing.assert_allclose(box.size, [0.08, 0.08, 0.12], rtol=0.1)
    np.testing.assert_allclose(box.center, [0, 1, -0.44], atol=0.005)


def test_object_box_of_a_flat_front_stays_flat():
    rng = np.random.default_rng(0)
    points = rng.uniform((-0.1, 1, -0.5), (0.1, 1.01, -0.4), (3000, 3)).astype(np.float32)
    assert object_box(points, up=UP).size.min() < 0.012


def test_object_box_of_identical_points_has_no_size():
    box = object_box(np.full((5, 3), 0.5, np.float32), up=UP)
    np.testing.assert_array_equal(box.size, 0)
    np.testing.assert_array_equal(box.center, 0.5)


@pytest.mark.parametrize(("support", "height"), [(-0.51, 0.13), (-0.6, 0.12), (-0.49, 0.11)])
def test_object_box_reaches_a_near_support_surface_only(support, height):
    box = object_box(cylinder_front(), up=UP, support_height=support)
    assert box.size[2] == pytest.approx(height, abs=0.005)
    top = box.center[2] + box.size[2] / 2
    assert top == pytest.approx(-0.38, abs=0.005)


def test_object_boxes_of_a_frame_equal_those_of_single_objects():
    rng = np.random.default_rng(0)
    clouds = [rng.normal(size=(count, 3)).astype(np.float32) for count in (5000, 2, 40, 3)]
    boxes = object_boxes([*clouds, cylinder_front()], UP, -0.5)
    assert boxes[1] is None
    for cloud, box in zip([*clouds, cylinder_front()], boxes, strict=True):
        single = object_box(cloud, UP, -0.5)
        assert (box is None) == (single is None)
        if box is not None:
            np.testing.assert_allclose(box.size, single.size, atol=1e-6)
            np.testing.assert_allclose(box.rotation, single.rotation, atol=1e-6)


@given(st.integers(0, 10**6))
def test_box_quaternion_equals_that_of_scipy(seed):
    rotation = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    box = Box(np.zeros(3), np.ones(3), rotation.astype(np.float32))
    np.testing.assert_allclose(Rotation.from_quat(box.quaternion).as_matrix(), rotation, atol=1e-5)
