"""Plane detection and the estimate of the noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.frames import KINECT
from scenerep_ros.geometry import Plane, find_planes, plane_fit_residual, viewing_rays

RAYS = viewing_rays(KINECT, 480, 640)[::4, ::4]


def render_plane(normal, distance, noise, seed=0):
    """Inverse depth of a plane with the noise of a Kinect, which is constant in 1 / z."""
    w = RAYS @ np.asarray(normal, np.float32) / distance
    noisy = w + np.random.default_rng(seed).normal(0, noise, w.shape)
    return np.where(w > 0.05, noisy, np.nan).astype(np.float32)


@given(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(0.4, 3.0))
def test_find_planes_of_a_noisy_plane_is_accurate(x, y, distance):
    normal = np.array([x, y, 1.0]) / np.sqrt(x * x + y * y + 1)
    w = render_plane(normal, distance, noise=0.003)
    plane = find_planes(w, RAYS, tolerance=0.012)[0]
    assert plane.normal @ normal > np.cos(np.deg2rad(1))
    assert plane.distance == pytest.approx(distance, abs=0.01 * max(1, distance))


def test_find_planes_orders_by_size_and_rejects_outliers():
    floor = render_plane([0.0, 0.8, 0.6], 1.0, noise=0.002)
    wall = render_plane([0.0, 0.0, 1.0], 2.0, noise=0.002, seed=1)
    w = np.fmax(floor, wall)
    w[60:100, 40:90] = np.random.default_rng(2).uniform(1, 3, (40, 50))
    first, second = find_planes(w, RAYS, tolerance=0.012)[:2]
    np.testing.assert_allclose(first.normal, [0, 0.8, 0.6], atol=0.02)
    np.testing.assert_allclose(second.normal, [0, 0, 1], atol=0.02)
    assert (first.distance, second.distance) == pytest.approx((1.0, 2.0), abs=0.03)


def test_find_planes_respects_the_maximum_number():
    w = np.fmax(render_plane([0, 0.8, 0.6], 1.0, 0), render_plane([0, 0, 1], 2.0, 0))
    assert len(find_planes(w, RAYS, tolerance=0.012, max_planes=1)) == 1


def test_find_planes_respects_the_minimum_inlier_ratio():
    w = np.fmax(render_plane([0, 0.8, 0.6], 1.0, 0), render_plane([0, 0, 1], 2.0, 0))
    assert find_planes(w, RAYS, tolerance=0.012, min_inlier_ratio=0.95) == []


def test_find_planes_in_noise_or_without_depth_is_empty():
    w = np.random.default_rng(0).uniform(0.3, 2, RAYS.shape[:2]).astype(np.float32)
    assert find_planes(w, RAYS, tolerance=0.01) == []
    assert find_planes(np.full_like(w, np.nan), RAYS, tolerance=0.01) == []
    assert find_planes(w[:3, :3], RAYS[:3, :3], tolerance=0.01) == []


def test_plane_residual_is_positive_in_front_of_the_plane():
    plane = Plane(np.array([0, 0, 1], np.float32), 2.0)
    ray = np.array([0.3, -0.2, 1], np.float32)
    assert plane.residual(np.float32(1 / 1.6), ray) == pytest.approx(1 / 1.6 - 1 / 2)
    assert plane.residual(np.float32(1 / 2.5), ray) < 0


def test_plane_from_inverse_depth_inverts_the_gradient():
    plane = Plane.from_inverse_depth(np.array([0, 0.4, 0.3], np.float32))
    np.testing.assert_allclose(plane.normal, [0, 0.8, 0.6], rtol=1e-6)
    assert plane.distance == pytest.approx(2.0)
    np.testing.assert_allclose(plane.gradient, [0, 0.4, 0.3], rtol=1e-6)


def test_plane_fit_residual_is_the_mean_deviation_of_the_noise():
    w = render_plane([0.0, 0.6, 0.8], 1.0, noise=0.003)
    expected = 0.003 * np.sqrt(2 / np.pi)
    assert plane_fit_residual(w, RAYS) == pytest.approx(expected, rel=0.15)


def test_plane_fit_residual_without_depth_is_zero():
    assert plane_fit_residual(np.full((8, 8), np.nan, np.float32), RAYS[:8, :8]) == 0
