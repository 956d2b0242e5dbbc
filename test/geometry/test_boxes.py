"""Bounding boxes of objects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from scenerep_ros.geometry import object_box
from scenerep_ros.geometry.boxes import CONSTANTS


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
