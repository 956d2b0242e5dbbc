"""Upsampling of patches along the borders of depth and color."""

import numpy as np
import pytest
from furnished_rooms import COLUMNS, ROWS, furnished_room, furniture_kinds, pixels

from scenerep_ros.segmentation.depth.joint_upsampling import upsample_patches
from scenerep_ros.segmentation.depth.patch_samples import PatchSamples


def upsample(offset_px, color=None):
    context, _, _, true_labels = furnished_room(offset_px)
    view = context.working_depth
    samples = PatchSamples.from_depth(view, (ROWS, COLUMNS))
    color = context.working_color if color is None else color(context.working_color)
    labels = upsample_patches(furniture_kinds().astype(np.int32), samples, view, color)
    return labels, true_labels[::2, ::2]


@pytest.mark.parametrize("offset_px", [-6, 0, 6])
def test_labels_follow_borders_inside_of_patches(offset_px):
    labels, true_labels = upsample(offset_px)
    error_ratio = np.mean(labels != true_labels)
    nearest_error_ratio = np.mean(pixels(furniture_kinds())[::2, ::2] != true_labels)
    assert error_ratio < 0.004 + 0.5 * nearest_error_ratio


def test_depth_alone_finds_the_borders():
    labels, true_labels = upsample(6, color=np.zeros_like)
    assert np.mean(labels != true_labels) < 0.01


def test_equal_patches_are_repeated():
    context, *_ = furnished_room()
    view = context.working_depth
    samples = PatchSamples.from_depth(view, (ROWS, COLUMNS))
    patches = np.full((ROWS, COLUMNS), 7, np.int32)
    assert (upsample_patches(patches, samples, view, context.working_color) == 7).all()


def test_pixels_of_unknown_surface_follow_the_color():
    context, _, _, true_labels = furnished_room(6)
    view = context.working_depth
    samples = PatchSamples.from_depth(view, (ROWS, COLUMNS))
    view.smoothed[:] = np.nan
    patches = furniture_kinds().astype(np.int32)
    labels = upsample_patches(patches, samples, view, context.working_color)
    nearest_error_ratio = np.mean(pixels(patches)[::2, ::2] != true_labels[::2, ::2])
    assert np.mean(labels != true_labels[::2, ::2]) < nearest_error_ratio
