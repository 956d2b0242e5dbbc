"""Which surfaces carry the scene, and which are faces of objects."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from table_tops import table_scene

from scenerep_ros.config.options import DepthOptions
from scenerep_ros.frames import KINECT
from scenerep_ros.geometry import invert_depth, plane_fit_residual, viewing_rays
from scenerep_ros.geometry.inverse_depth import InverseDepthImage, smooth_valid
from scenerep_ros.segmentation.depth.support_planes import find_background, furniture

RAYS = viewing_rays(KINECT, 480, 640)[::2, ::2]
DOWN = np.array([0, 0.8, 0.6], np.float32)
"""Normal of a table before a camera that looks down at it."""


def view_of(w, noise=0.001, grain=0.0):
    """A view with sensor noise, of which neighbours share a part where it has a grain."""
    speckle = np.random.default_rng(0).normal(0, 1, w.shape).astype(np.float32)
    if grain:
        speckle = cv2.GaussianBlur(speckle, (0, 0), grain)
    w = w + noise / speckle.std() * speckle
    return InverseDepthImage(w, smooth_valid(w), RAYS)


def table_with(patch, plane):
    """Inverse depth of a table 0.6 m from the camera with a part of another plane in it."""
    w = RAYS @ DOWN / np.float32(0.6)
    w[patch] = (RAYS @ np.asarray(plane, np.float32))[patch]
    return w


def share_of_background(w, patch, **noise):
    background, _ = find_background(view_of(w, **noise), DepthOptions())
    return background[patch].mean()


def test_a_bit_of_floor_past_the_table_is_background():
    corner = np.s_[190:, 200:]
    assert share_of_background(table_with(corner, DOWN / 1.3), corner) > 0.8


def test_the_top_of_a_box_is_not():
    top = np.s_[100:180, 120:220]
    assert share_of_background(table_with(top, DOWN / 0.45), top) < 0.05


def test_the_bottom_of_a_hole_in_the_table_is_background():
    """Something lies behind its plane: the floor, in a corner."""
    bottom, floor = np.s_[80:140, 100:190], np.s_[200:, :200]
    w = table_with(bottom, DOWN / 0.7)
    w[floor] = (RAYS @ DOWN)[floor] / 1.3
    assert share_of_background(w, bottom) > 0.7


@pytest.mark.parametrize("noise", [0.001, 0.012])
def test_a_rough_sensor_sees_a_flat_table(noise):
    w = RAYS @ DOWN / np.float32(0.6)
    assert share_of_background(w, np.s_[:], noise=noise, grain=4.0) > 0.95


def test_roughness_is_the_noise_of_the_flat_parts():
    depth, _ = table_scene(noise=0.004)
    w = invert_depth(depth)[::2, ::2]
    mean_distance = 0.004 * np.sqrt(2 / np.pi)
    assert plane_fit_residual(w, RAYS) == pytest.approx(mean_distance, rel=0.15)
    assert plane_fit_residual(np.full((8, 8), np.nan, np.float32), RAYS[:8, :8]) == 0


def test_what_is_longer_than_things_is_furniture():
    """Two rails 1 m away, of 0.95 m and 0.4 m."""
    pieces = np.zeros(RAYS.shape[:2], np.int32)
    pieces[100:110, 35:285] = 1
    pieces[150:160, 100:205] = 2
    view = view_of(np.ones(pieces.shape, np.float32))
    np.testing.assert_array_equal(furniture(pieces, view, 0.8), [False, True, False])
    np.testing.assert_array_equal(furniture(pieces, view, 0.3), [False, True, True])
