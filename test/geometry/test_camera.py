"""Deprojection, projection and reprojection of depth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scenerep_ros.frames import KINECT, Intrinsics
from scenerep_ros.geometry import (
    deproject,
    invert_depth,
    project,
    reproject_depth,
    viewing_rays,
)

CAMERA = Intrinsics(60.0, 55.0, 31.5, 20.0)


@given(
    hnp.arrays(np.float32, (8, 10), elements=st.floats(0.125, 50, width=32)),
    st.floats(20, 600),
    st.floats(-5, 15),
)
def test_project_of_deprojected_depth_returns_the_pixels(depth, focal_length, center):
    camera = Intrinsics(focal_length, focal_length * 1.1, center, center / 2)
    u, v, z = np.moveaxis(project(deproject(depth, camera), camera), -1, 0)
    np.testing.assert_allclose(u, np.arange(10)[None].repeat(8, 0), atol=1e-3)
    np.testing.assert_allclose(v, np.arange(8)[:, None].repeat(10, 1), atol=1e-3)
    np.testing.assert_allclose(z, depth)


def test_viewing_rays_are_read_only_with_unit_depth():
    rays = viewing_rays(CAMERA, 40, 64)
    assert (rays[..., 2] == 1).all()
    np.testing.assert_allclose(rays[20, 0], [-31.5 / 60, 0, 1], rtol=1e-6)
    with pytest.raises(ValueError, match="read-only"):
        rays[0, 0, 0] = 0


@pytest.mark.parametrize("invalid", [np.nan, np.inf, 0.0, -1.0])
def test_deproject_of_invalid_depth_is_nan(invalid):
    points = deproject(np.array([[1.0, invalid], [2.0, 3.0]], np.float32), CAMERA)
    assert np.isnan(points[0, 1]).all()
    assert np.isfinite(points[1]).all()


def test_deproject_fills_a_strided_output():
    depth = np.array([[1.0, np.nan], [2.0, 3.0]], np.float32)
    buffer = np.zeros((2, 2, 5), np.float32)
    deproject(depth, CAMERA, out=buffer[..., :3])
    np.testing.assert_array_equal(buffer[..., :3], deproject(depth, CAMERA))
    assert (buffer[..., 3:] == 0).all()


@pytest.mark.parametrize("invalid", [np.nan, np.inf, 0.0, -1.0])
def test_invert_depth_of_invalid_depth_is_nan(invalid):
    inverse = invert_depth(np.array([[1.0, invalid], [2.0, 3.0]], np.float32))
    assert np.isnan(inverse[0, 1])
    assert inverse[1, 0] == 0.5


def test_project_of_points_behind_the_camera_is_nan():
    assert np.isnan(project(np.array([0.1, 0.2, -1.0], np.float32), KINECT)).all()


def test_reproject_depth_shifts_by_the_disparity():
    depth = np.full((40, 64), np.nan, np.float32)
    depth[10, 30] = 2.0
    reprojected = reproject_depth(depth, CAMERA, CAMERA, baseline=0.1)
    assert np.argwhere(np.isfinite(reprojected)).tolist() == [[10, 30 - 3]]  # 60 px * 0.1 m / 2 m
    assert reprojected[10, 27] == 2.0


def test_reproject_depth_keeps_the_nearest_surface():
    depth = np.full((40, 64), np.nan, np.float32)
    depth[10, 30], depth[10, 33] = 2.0, 1.0  # disparities of 3 and 6 px
    reprojected = reproject_depth(depth, CAMERA, CAMERA, baseline=0.1)
    assert reprojected[10, 27] == 1.0
    assert np.isfinite(reprojected).sum() == 1


def test_reproject_depth_drops_points_outside_the_image():
    depth = np.full((40, 64), 1.0, np.float32)
    reprojected = reproject_depth(depth, CAMERA, CAMERA, baseline=0.1)
    assert np.isnan(reprojected[:, -6:]).all()
    assert np.isfinite(reprojected[:, :-6]).all()
