"""Objects where depth says nothing, and borders that features drew too coarsely."""

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
from scenerep_ros.segmentation.rgb.refinement import add_unseen, follow_color
from scenerep_ros.sources import open_source

SHAPE = (120, 160)


def box(top, left, height, width):
    mask = np.zeros(SHAPE, bool)
    mask[top : top + height, left : left + width] = True
    return mask


def scene(right_edge=80):
    """Depth knows what is left of the edge, and one object there."""
    labels = np.zeros(SHAPE, np.int32)
    labels[40:60, 20:40] = 1
    decided = box(0, 0, SHAPE[0], right_edge)
    return labels, decided


def test_a_thing_out_of_sight_of_depth_becomes_an_object():
    labels, decided = scene()
    thing = box(30, 100, 30, 30)
    add_unseen(labels, labels.copy(), decided, thing.astype(np.int32), least=20)
    np.testing.assert_array_equal(labels == 2, thing)


@pytest.mark.parametrize(
    "thing",
    [box(10, 20, 20, 30), box(40, 20, 20, 20), box(30, 60, 30, 40), box(30, 100, 3, 3)],
    ids=["depth says background", "depth has it", "half in sight", "too small"],
)
def test_depth_keeps_its_word_about_the_rest(thing):
    labels, decided = scene()
    before = labels.copy()
    add_unseen(labels, labels.copy(), decided, thing.astype(np.int32), least=20)
    np.testing.assert_array_equal(labels, before)


@given(st.integers(-6, 6))
def test_a_border_moves_to_the_edge_of_colour(off):
    thing = box(30, 60, 60, 50)
    color = np.where(thing[..., None], (200, 60, 30), (40, 60, 90)).astype(np.uint8)
    guess = box(30 + off, 60 + off, 60, 50)
    decided = np.zeros(SHAPE, bool)
    decided[:5] = True
    labels = np.where(guess, 1, 0).astype(np.int32)
    followed = follow_color(labels, decided, color)
    wrong = (followed == 1) != thing
    assert wrong.sum() <= 230  # its outline, which is where the watershed is


@given(st.integers(0, 2**32 - 1))
def test_what_is_decided_stays_and_no_label_is_invented(seed):
    rng = np.random.default_rng(seed)
    labels = np.kron(rng.choice([0, 1, 2, UNLABELLED], (6, 8)), np.ones((20, 20))).astype(np.int32)
    decided = np.kron(rng.random((12, 16)) < 0.5, np.ones((10, 10))) > 0
    color = rng.integers(0, 255, (*SHAPE, 3), np.uint8)
    followed = follow_color(labels, decided, color)
    np.testing.assert_array_equal(followed[decided], labels[decided])
    assert np.isin(followed, labels).all()


def test_things_are_looked_for_without_depth_where_little_has_it(mosd_folder, dinov2):
    """Of a table whose nearer half has no depth, where the objects are."""
    source = open_source(mosd_folder)
    frame = source[33]
    far = np.where(frame.depth < np.nanmedian(frame.depth), np.nan, frame.depth)
    blinded = replace(frame, depth=far.astype(np.float32))
    segmenter = build_segmenter(PipelineConfig())
    assert segmenter.prepare(FrameContext(blinded)).requires_clusters
    assert not segmenter.prepare(FrameContext(frame)).requires_clusters
    labels = Pipeline(PipelineConfig(), dinov2)(blinded).labels
    truth = ~np.isin(source.ground_truth(33), (BACKGROUND, UNLABELLED))
    found = (labels > 0) & (labels != UNLABELLED)
    assert (found & truth & np.isnan(far)).sum() > 0.5 * (truth & np.isnan(far)).sum()
