"""Projector shadows on synthetic rows of pixels."""

from __future__ import annotations

import numpy as np
import pytest

from scenerep_ros.geometry.inverse_depth import InverseDepthImage
from scenerep_ros.segmentation.depth.projector_shadows import CONSTANTS, label_projector_shadows

COLUMNS = 60
FOCAL_LENGTH_PX = 262.5
NEAR, FAR = 2.0, 1.0
"""Inverse depth of the surfaces to the left and to the right of a hole [1/m]."""
SHADOW_WIDTH = round(CONSTANTS.baseline_m * FOCAL_LENGTH_PX * (NEAR - FAR))
LEFT_LABEL, RIGHT_LABEL = 5, 7


def row_with_hole(width, left=NEAR, right=FAR, start=20):
    """Return a view of one row, its labels and the hole: columns `start` to `start + width`."""
    values = np.full((1, COLUMNS), left, np.float32)
    values[:, start + width :] = right
    hole = np.zeros((1, COLUMNS), bool)
    hole[:, start : start + width] = True
    values[hole] = np.nan
    rays = np.ones((1, COLUMNS, 3), np.float32)
    rays[..., 0] = (np.arange(COLUMNS) - COLUMNS / 2) / FOCAL_LENGTH_PX
    labels = np.where(np.arange(COLUMNS) < start, LEFT_LABEL, RIGHT_LABEL).astype(np.int32)[None]
    labels[hole] = 0
    return InverseDepthImage(values, values, rays), labels, hole


def label_hole(view, labels, hole, min_step=0.02):
    return label_projector_shadows(labels, ~hole, view, min_step)


@pytest.mark.parametrize(
    ("left", "right", "far_label"), [(NEAR, FAR, RIGHT_LABEL), (FAR, NEAR, LEFT_LABEL)]
)
def test_shadow_takes_label_of_far_surface(left, right, far_label):
    view, labels, hole = row_with_hole(SHADOW_WIDTH, left, right)
    shadow_labels, is_labelled = label_hole(view, labels, hole)
    assert (shadow_labels[hole] == far_label).all()
    assert is_labelled.all()
    np.testing.assert_array_equal(shadow_labels[~hole], labels[~hole])


def test_hole_wider_than_shadow_stays_unlabelled():
    max_width = CONSTANTS.max_width_ratio * SHADOW_WIDTH + 2 * CONSTANTS.margin_px
    view, labels, hole = row_with_hole(int(max_width) + 2)
    shadow_labels, is_labelled = label_hole(view, labels, hole)
    assert not is_labelled[hole].any()
    np.testing.assert_array_equal(shadow_labels, labels)


def test_hole_in_flat_surface_stays_unlabelled():
    view, labels, hole = row_with_hole(2, NEAR, NEAR - 0.01)
    assert not label_hole(view, labels, hole)[1][hole].any()


def test_hole_at_image_border_stays_unlabelled():
    view, labels, hole = row_with_hole(SHADOW_WIDTH, start=0)
    assert not label_hole(view, labels, hole)[1][hole].any()


def test_shadow_on_unlabelled_surface_stays_unlabelled():
    view, labels, hole = row_with_hole(SHADOW_WIDTH)
    is_labelled = ~hole
    is_labelled[view.values == FAR] = False
    _, result = label_projector_shadows(labels, is_labelled, view, 0.02)
    assert not result[hole].any()


@pytest.mark.parametrize("seed", range(5))
def test_shadows_equal_those_of_a_search_pixel_by_pixel(seed):
    rng = np.random.default_rng(seed)
    values = np.repeat(rng.choice([1.0, 1.4, 2.0], (20, 12)), 5, axis=1).astype(np.float32)
    values[rng.random(values.shape) < 0.4] = np.nan
    is_labelled = np.isfinite(values) | (rng.random(values.shape) < 0.2)
    labels = rng.integers(0, 5, values.shape).astype(np.int32)
    rays = np.ones((*values.shape, 3), np.float32)
    rays[..., 0] = (np.arange(COLUMNS) - COLUMNS / 2) / FOCAL_LENGTH_PX
    view = InverseDepthImage(values, values, rays)
    expected, expected_mask = labels.copy(), is_labelled.copy()
    for v, u in np.argwhere(~np.isfinite(values) & ~is_labelled):
        far = far_side(values[v], u)
        if far is not None and is_labelled[v, far]:
            expected[v, u], expected_mask[v, u] = labels[v, far], True
    result = label_projector_shadows(labels, is_labelled, view, 0.02)
    np.testing.assert_array_equal(result[0], expected)
    np.testing.assert_array_equal(result[1], expected_mask)
    assert (result[1] != is_labelled).any()


def far_side(row, u):
    """Return the column whose label a hole at column u of a row takes; None if it is no shadow."""
    measured = np.flatnonzero(np.isfinite(row))
    left, right = measured[measured < u], measured[measured > u]
    if not len(left) or not len(right):
        return None
    before = max(left[-1] - CONSTANTS.margin_px, 0)
    after = min(right[0] + CONSTANTS.margin_px, COLUMNS - 1)
    step = row[after] - row[before]
    shadow_width = CONSTANTS.baseline_m * FOCAL_LENGTH_PX * abs(step)
    max_width = CONSTANTS.max_width_ratio * shadow_width + 2 * CONSTANTS.margin_px
    is_shadow = abs(step) > 0.02 and right[0] - left[-1] - 1 < max_width
    return (before if step > 0 else after) if is_shadow else None


def test_inputs_are_not_modified():
    view, labels, hole = row_with_hole(SHADOW_WIDTH)
    before = labels.copy(), hole.copy()
    label_hole(view, labels, hole)
    np.testing.assert_array_equal(labels, before[0])
    np.testing.assert_array_equal(hole, before[1])
