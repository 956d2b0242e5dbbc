"""Surfaces that change between two frames, by color and by depth."""

import numpy as np
import pytest
from discs import SHAPE, texture_window

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.tracking.optical_flow import FlowEstimator, tracking_image
from scenerep_ros.tracking.surface_change import find_changed_surface
from scenerep_ros.tracking.warping import GridFrame, warp_by_flow

PATCH = np.s_[80:160, 100:200]
"""Rows and columns that change; on a working grid of the same size."""
UNIFORM = np.full((*SHAPE, 3), 120, np.uint8)


def find_change(previous: RGBDFrame, current: RGBDFrame) -> np.ndarray:
    flow = FlowEstimator().estimate(tracking_image(previous), tracking_image(current))
    warp = warp_by_flow(flow.measured_backward, current.shape)
    return find_changed_surface(flow, warp, GridFrame(previous), GridFrame(current))


def wall(distance: float = 2.0, patch: float | None = None) -> np.ndarray:
    """Depth (H, W) of a wall [m], with a box in front of it at another distance."""
    depth = np.full(SHAPE, distance, np.float32)
    if patch is not None:
        depth[PATCH] = patch
    return depth


@pytest.mark.parametrize("step", [0, 10])
def test_find_changed_surface_moving_camera_finds_nothing(step):
    changed = find_change(
        RGBDFrame(texture_window(100, 100)), RGBDFrame(texture_window(100 + step, 100))
    )
    assert changed[5:-5, 5 : -5 - step].mean() < 0.01


def test_find_changed_surface_of_new_color_is_found():
    color = UNIFORM.copy()
    color[PATCH] = 200
    changed = find_change(RGBDFrame(UNIFORM), RGBDFrame(color))
    assert changed[PATCH][8:-8, 8:-8].all()
    assert not changed[:60].any()


def test_find_changed_surface_of_new_depth_is_found():
    color = texture_window(100, 100)
    changed = find_change(RGBDFrame(color, wall(2.0, 1.5)), RGBDFrame(color, wall(2.0)))
    assert changed[PATCH][8:-8, 8:-8].all()
    assert not changed[:60].any()


def test_find_changed_surface_common_change_of_depth_is_ignored():
    color = texture_window(100, 100)
    assert not find_change(RGBDFrame(color, wall(2.0)), RGBDFrame(color, wall(1.8))).any()


def test_find_changed_surface_unknown_depth_is_no_change():
    color, holed = texture_window(100, 100), wall(2.0, 1.5)
    holed[PATCH] = np.nan
    assert not find_change(RGBDFrame(color, holed), RGBDFrame(color, wall(2.0))).any()
    assert not find_change(RGBDFrame(color, wall(np.nan)), RGBDFrame(color, wall(2.0))).any()


def test_find_changed_surface_noise_of_camera_is_ignored():
    generator = np.random.default_rng(0)
    colors = (
        (UNIFORM + generator.normal(0, 4, UNIFORM.shape)).clip(0, 255).astype(np.uint8)
        for _ in range(2)
    )
    assert find_change(*(RGBDFrame(color) for color in colors)).mean() < 0.01
