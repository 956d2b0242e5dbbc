"""Cues and scores that tell structure from objects."""

import numpy as np
from furnished_rooms import COLUMNS, ROWS, furnished_room, furniture_kinds

from scenerep_ros.segmentation.depth.patch_samples import PatchSamples
from scenerep_ros.segmentation.depth.structure import compute_structure_cues

WALL, SOFA, CABINET = 0, 1, 2
"""Rows of the cues."""


def room_cues(attention=None, furnishing=None):
    context, features, logits, _ = furnished_room()
    samples = PatchSamples.from_depth(context.working_depth, (ROWS, COLUMNS))
    attention = features.attention.mean(axis=0) if attention is None else attention
    furnishing = logits.furnishing if furnishing is None else furnishing
    segments = (furniture_kinds() + 1).astype(np.int32)
    return compute_structure_cues(segments, samples, attention, furnishing)


def test_nothing_lies_behind_the_wall():
    cues = room_cues()
    assert cues.behind[WALL] < 0.01
    assert min(cues.behind[SOFA], cues.behind[CABINET]) > 0.5
    assert cues.ring[WALL] < 0.01
    assert cues.ring[CABINET] > 0.9


def test_misfit_measures_the_shape():
    cues = room_cues()
    assert cues.misfit[WALL] < 0.001
    assert cues.misfit[SOFA] > 0.005


def test_wall_is_structure_and_furniture_is_not():
    scores = room_cues().scores()
    assert scores[WALL] > 0
    assert max(scores[SOFA], scores[CABINET]) < 0


def test_attention_and_head_make_segments_objects():
    even = np.ones((ROWS, COLUMNS), np.float32)
    neutral = room_cues(even, 0 * even).scores()
    assert (room_cues(even, even).scores() < neutral).all()
    attended = np.where(furniture_kinds() == SOFA, 3.0, 1.0).astype(np.float32)
    scores = room_cues(attended, 0 * even).scores()
    assert scores[SOFA] < neutral[SOFA]
    assert scores[WALL] > neutral[WALL]


def test_image_without_attention_has_finite_scores():
    nothing = np.zeros((ROWS, COLUMNS), np.float32)
    assert np.isfinite(room_cues(nothing, nothing).scores()).all()
