"""Merging of the segments of one object."""

import numpy as np
import pytest
from furnished_rooms import CABINET, COLUMNS, ROWS, SOFA, furnished_room

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.depth.patch_samples import SAMPLES_PER_SIDE, PatchSamples
from scenerep_ros.segmentation.depth.segment_merging import merge_segments

LEFT, RIGHT = np.s_[8:18, 18:22], np.s_[8:18, 22:25]
"""Patches of the halves of the cabinet."""


@pytest.fixture
def divided_cabinet():
    """Return a room and its segments: 1 sofa, 2 left and 3 right half of the cabinet."""
    context, features, *_ = furnished_room()
    samples = PatchSamples.from_depth(context.working_depth, (ROWS, COLUMNS))
    segments = np.zeros((ROWS, COLUMNS), np.int32)
    segments[SOFA], segments[LEFT], segments[RIGHT] = 1, 2, 3
    return segments, features, samples


def label_of(labels, patches):
    values = np.unique(labels[patches])
    assert len(values) == 1
    return values[0]


def test_halves_of_one_surface_are_merged(divided_cabinet):
    merged = merge_segments(*divided_cabinet)
    assert label_of(merged, CABINET) != label_of(merged, SOFA)
    assert sorted(np.unique(merged)) == [0, 1, 2]
    assert ((merged > 0) == (divided_cabinet[0] > 0)).all()


def test_halves_with_a_step_in_depth_stay_separate(divided_cabinet):
    segments, features, samples = divided_cabinet
    samples.inverse_depth[:, RIGHT[1].start * SAMPLES_PER_SIDE :] += 0.03
    np.testing.assert_array_equal(merge_segments(segments, features, samples), segments)


def test_halves_of_different_features_stay_separate(divided_cabinet):
    segments, features, samples = divided_cabinet
    grid = features.grid.copy()
    grid[RIGHT] *= -1
    features = Features(grid, features.pooled)
    np.testing.assert_array_equal(merge_segments(segments, features, samples), segments)


def test_halves_with_short_contact_stay_separate(divided_cabinet):
    segments, features, samples = divided_cabinet
    gap = np.s_[8:17, 21]
    segments[gap] = 0
    np.testing.assert_array_equal(merge_segments(segments, features, samples), segments)


def test_end_of_a_long_segment_stays_separate(divided_cabinet):
    segments, features, samples = divided_cabinet
    segments[RIGHT] = 0
    segments[16:18, 18:22] = 3
    np.testing.assert_array_equal(merge_segments(segments, features, samples), segments)


@pytest.mark.parametrize("patches", [np.s_[:0], SOFA])
def test_fewer_than_two_segments_are_returned_as_they_are(divided_cabinet, patches):
    segments, features, samples = divided_cabinet
    segments[:] = 0
    segments[patches] = 1
    np.testing.assert_array_equal(merge_segments(segments, features, samples), segments)
