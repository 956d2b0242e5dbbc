"""Separation of structure and support surfaces from the faces of objects."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from table_tops import SHAPE, TABLE_DISTANCE, TABLE_NORMAL, table_with_boards

from scenerep_ros.config.options import DepthOptions
from scenerep_ros.frames import KINECT
from scenerep_ros.geometry import invert_depth, plane_fit_residual, viewing_rays
from scenerep_ros.geometry.inverse_depth import InverseDepthImage, smooth_valid
from scenerep_ros.segmentation.depth.support_planes import (
    filter_protruding_regions,
    segment_support_planes,
)

RAYS = viewing_rays(KINECT, *SHAPE)[::2, ::2]


def noisy_view(w, noise=0.001, grain_px=0.0):
    """Add sensor noise, which is correlated between neighbours with a grain."""
    noise_image = np.random.default_rng(0).normal(0, 1, w.shape).astype(np.float32)
    if grain_px:
        noise_image = cv2.GaussianBlur(noise_image, (0, 0), grain_px)
    w = w + noise / noise_image.std() * noise_image
    return InverseDepthImage(w, smooth_valid(w), RAYS)


def table_with_window(window, gradient):
    """Return inverse depth of a table with a window onto another plane."""
    w = RAYS @ TABLE_NORMAL / np.float32(TABLE_DISTANCE)
    w[window] = (RAYS @ np.asarray(gradient, np.float32))[window]
    return w


def background_ratio(w, window, **noise):
    planes = segment_support_planes(noisy_view(w, **noise), DepthOptions())
    return planes.is_background[window].mean()


def test_floor_beside_table_is_background():
    corner = np.s_[190:, 200:]
    assert background_ratio(table_with_window(corner, TABLE_NORMAL / 1.3), corner) > 0.8


def test_top_of_box_is_no_background():
    top = np.s_[100:180, 120:220]
    assert background_ratio(table_with_window(top, TABLE_NORMAL / 0.45), top) < 0.05


def test_recess_in_table_is_background():
    """The floor in a corner is behind the recess, so that it does not bound the scene."""
    recess, floor = np.s_[80:140, 100:190], np.s_[200:, :200]
    w = table_with_window(recess, TABLE_NORMAL / 0.7)
    w[floor] = (RAYS @ TABLE_NORMAL)[floor] / 1.3
    assert background_ratio(w, recess) > 0.7


@pytest.mark.parametrize("noise", [0.001, 0.012])
def test_table_is_background_despite_noise(noise):
    w = RAYS @ TABLE_NORMAL / np.float32(TABLE_DISTANCE)
    assert background_ratio(w, np.s_[:], noise=noise, grain_px=4.0) > 0.95


def test_plane_fit_residual_measures_noise_of_flat_parts():
    depth, _ = table_with_boards(noise=0.004)
    w = invert_depth(depth)[::2, ::2]
    mean_distance = 0.004 * np.sqrt(2 / np.pi)
    assert plane_fit_residual(w, RAYS) == pytest.approx(mean_distance, rel=0.15)
    assert plane_fit_residual(np.full((8, 8), np.nan, np.float32), RAYS[:8, :8]) == 0


def test_filter_protruding_regions_drops_small_and_flat_regions():
    regions = np.zeros((20, 20), np.int32)
    regions[:4, :4], regions[8:12, 8:12], regions[16:18, 16:18] = 1, 2, 3
    is_near_plane = np.zeros(regions.shape, bool)
    is_near_plane[:4, :3] = True  # three quarters of the first region
    filtered = filter_protruding_regions(regions, is_near_plane, min_area=10 / 400)
    np.testing.assert_array_equal(filtered, regions == 2)
