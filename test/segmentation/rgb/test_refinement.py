"""Objects where depth is missing, and borders that follow color."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.frames import BACKGROUND, UNLABELLED
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.segmentation.registry import build_segmenter
from scenerep_ros.segmentation.rgb.refinement import (
    add_objects_without_depth,
    refine_borders_by_color,
)
from scenerep_ros.sources import open_source

SHAPE = (120, 160)


def box(top, left, height, width):
    mask = np.zeros(SHAPE, bool)
    mask[top : top + height, left : left + width] = True
    return mask


def half_labelled_scene():
    """Return labels with one object, and a mask: the left half of the image is labelled."""
    labels = np.zeros(SHAPE, np.int32)
    labels[40:60, 20:40] = 1
    return labels, box(0, 0, SHAPE[0], SHAPE[1] // 2)


def test_object_outside_depth_is_added():
    labels, is_labelled = half_labelled_scene()
    candidate = box(30, 100, 30, 30)
    add_objects_without_depth(
        labels, labels.copy(), is_labelled, candidate.astype(np.int32), min_area_px=20
    )
    np.testing.assert_array_equal(labels == 2, candidate)


@pytest.mark.parametrize(
    "candidate",
    [box(10, 20, 20, 30), box(40, 20, 20, 20), box(30, 60, 30, 40), box(30, 100, 3, 3)],
    ids=["on background", "on an object", "half outside depth", "too small"],
)
def test_other_objects_are_not_added(candidate):
    labels, is_labelled = half_labelled_scene()
    before = labels.copy()
    add_objects_without_depth(
        labels, labels.copy(), is_labelled, candidate.astype(np.int32), min_area_px=20
    )
    np.testing.assert_array_equal(labels, before)


@given(st.integers(-6, 6))
def test_border_moves_to_color_edge(offset):
    expected = box(30, 60, 60, 50)
    color = np.where(expected[..., None], (200, 60, 30), (40, 60, 90)).astype(np.uint8)
    labels = box(30 + offset, 60 + offset, 60, 50).astype(np.int32)
    is_labelled = np.zeros(SHAPE, bool)
    is_labelled[:5] = True
    refined = refine_borders_by_color(labels, is_labelled, color)
    is_wrong = (refined == 1) != expected
    assert is_wrong.sum() <= 230  # the outline, on which the watershed lies


@given(st.integers(0, 2**32 - 1))
def test_refinement_keeps_labelled_pixels_and_set_of_labels(seed):
    rng = np.random.default_rng(seed)
    labels = np.kron(rng.choice([0, 1, 2, UNLABELLED], (6, 8)), np.ones((20, 20))).astype(np.int32)
    is_labelled = np.kron(rng.random((12, 16)) < 0.5, np.ones((10, 10))) > 0
    color = rng.integers(0, 255, (*SHAPE, 3), np.uint8)
    refined = refine_borders_by_color(labels, is_labelled, color)
    np.testing.assert_array_equal(refined[is_labelled], labels[is_labelled])
    assert np.isin(refined, labels).all()


def test_objects_in_real_frame_without_near_depth_are_segmented(mosd_folder, dinov2):
    """The nearer half of a table, where the objects are, has no depth."""
    source = open_source(mosd_folder)
    frame = source[33]
    far_depth = np.where(frame.depth < np.nanmedian(frame.depth), np.nan, frame.depth)
    far_frame = replace(frame, depth=far_depth.astype(np.float32))
    segmenter = build_segmenter(PipelineConfig())
    assert segmenter.prepare(FrameContext(far_frame)).requires_clusters
    assert not segmenter.prepare(FrameContext(frame)).requires_clusters
    labels = Pipeline(PipelineConfig(), dinov2)(far_frame).labels
    is_object = ~np.isin(source.ground_truth(33), (BACKGROUND, UNLABELLED)) & np.isnan(far_depth)
    is_segmented = (labels > 0) & (labels != UNLABELLED)
    assert (is_segmented & is_object).sum() > 0.5 * is_object.sum()
