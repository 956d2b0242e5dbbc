from __future__ import annotations

import numpy as np
import pytest

from scenerep_ros.frames import KINECT, RGBDFrame
from scenerep_ros.preprocessing.frame_context import CONSTANTS, FrameContext


def make_context(valid_ratio=1.0, shape=(40, 60), intrinsics=KINECT, **options):
    """Build the context of a frame whose upper rows have a depth of 2 m."""
    depth = np.full(shape, np.nan, np.float32)
    depth[: round(valid_ratio * shape[0])] = 2.0
    color = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    return FrameContext(RGBDFrame(color, depth, intrinsics), **options)


@pytest.mark.parametrize("invalid", [0.0, np.nan, np.inf])
def test_depth_ratio_ignores_invalid_depth(invalid):
    depth = np.full((40, 60), 2.0, np.float32)
    depth[:, :30] = invalid
    context = FrameContext(RGBDFrame(np.zeros((40, 60, 3), np.uint8), depth, KINECT))
    assert context.depth_ratio == pytest.approx(0.5, abs=0.05)


def test_depth_ratio_of_color_frame_is_zero():
    context = FrameContext(RGBDFrame(np.zeros((40, 60, 3), np.uint8), intrinsics=KINECT))
    assert context.depth_ratio == 0
    assert not context.has_depth


@pytest.mark.parametrize("valid_ratio", [0.0, 0.3, 1.0])
def test_has_depth_needs_minimum_ratio(valid_ratio):
    context = make_context(valid_ratio)
    assert context.has_depth == (valid_ratio >= CONSTANTS.min_depth_ratio)


@pytest.mark.parametrize("options", [{"intrinsics": None}, {"use_depth": False}])
def test_has_depth_needs_intrinsics_and_permission(options):
    assert make_context().has_depth
    assert not make_context(**options).has_depth


@pytest.mark.parametrize(("width", "step"), [(60, 1), (640, 2), (1280, 4)])
def test_working_grid_holds_every_nth_pixel(width, step):
    context = make_context(shape=(40, width))
    frame = context.frame
    assert context.shape == (40, width)
    assert context.working_step == step
    np.testing.assert_array_equal(context.working_color, frame.color[::step, ::step])
    np.testing.assert_allclose(context.working_depth.values, 1 / frame.depth[::step, ::step])


def test_derived_quantities_are_computed_once():
    context = make_context()
    assert context.working_depth is context.working_depth
    assert context.working_color is context.working_color
