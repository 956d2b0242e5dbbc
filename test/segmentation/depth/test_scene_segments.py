"""Segments of a scene by features and positions."""

import numpy as np
from furnished_rooms import CABINET, COLUMNS, ROWS, SOFA, furnished_room

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.depth.patch_samples import SAMPLES_PER_SIDE, PatchSamples
from scenerep_ros.segmentation.depth.scene_segments import segment_scene


def room_samples():
    context, features, *_ = furnished_room()
    return PatchSamples.from_depth(context.working_depth, (ROWS, COLUMNS)), features


def test_surfaces_of_different_features_are_separate_segments():
    samples, features = room_samples()
    segments = segment_scene(features, samples)
    sofa, cabinet = np.unique(segments[SOFA]), np.unique(segments[CABINET])
    assert len(sofa) == len(cabinet) == 1
    assert sofa != cabinet
    assert not np.isin(segments[:6], [*sofa, *cabinet]).any()


def test_equal_features_far_apart_are_separate_segments():
    samples, features = room_samples()
    grid = features.grid.copy()
    grid[CABINET] = grid[SOFA][0, 0]
    # Move the sofa 3 m away.
    far = np.s_[10 * SAMPLES_PER_SIDE : 18 * SAMPLES_PER_SIDE, : 12 * SAMPLES_PER_SIDE]
    samples.inverse_depth[far] = 1 / 6.0
    segments = segment_scene(Features(grid, np.zeros(8, np.float32)), samples)
    assert not np.isin(segments[SOFA], segments[CABINET]).any()


def test_patches_without_depth_belong_to_no_segment():
    samples, features = room_samples()
    samples.inverse_depth[: 2 * SAMPLES_PER_SIDE] = np.nan
    segments = segment_scene(features, samples)
    assert not segments[:2].any()
    assert (segments[2:] > 0).all()


def test_frame_without_any_depth_has_no_segments():
    samples, features = room_samples()
    samples.inverse_depth[:] = np.nan
    assert not segment_scene(features, samples).any()
