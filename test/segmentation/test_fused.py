"""Method `fused` on frames with depth."""

from __future__ import annotations

import numpy as np
import pytest
from segmentation_scores import overlap_f
from segmenters import make_segmenter, segment
from table_tops import (
    SHAPE,
    clusters_from_labels,
    gray_frame,
    label_features,
    table_depth,
    table_inverse_depth,
    table_with_boards,
)

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.frames import KINECT, UNLABELLED, Features, RGBDFrame
from scenerep_ros.geometry import invert_depth, viewing_rays
from scenerep_ros.sources import open_source


def uniform_features():
    return Features(np.ones((6, 8, 4), np.float32), np.ones(4, np.float32))


def segment_depth(depth, color=None, **options):
    """Segment a frame by depth alone: all features are equal and form one cluster."""
    segmenter = make_segmenter(clusters=Clusters(np.ones((1, 6, 8), np.float32)), **options)
    segmentation = segment(segmenter, uniform_features(), gray_frame(depth, color))
    labels = segmentation.labels
    assert labels.dtype == np.int32
    assert labels.shape == depth.shape
    objects = np.unique(labels[labels != UNLABELLED])
    assert set(objects) | {0} == set(range(segmentation.count + 1))
    return labels


def add_upright_board(depth, top, bottom, left, right):
    """Stand a board on the scene, at the depth of the pixel at its foot."""
    depth[top:bottom, left:right] = depth[bottom, (left + right) // 2]


def test_boards_on_table_are_segmented():
    depth, mask = table_with_boards()
    assert overlap_f(segment_depth(depth), mask) > 0.93


def test_empty_table_has_no_objects():
    depth = invert_depth(table_inverse_depth())
    assert not segment_depth(depth)[np.isfinite(depth)].any()


def test_min_area_removes_small_objects():
    depth, _ = table_with_boards()
    assert segment_depth(depth, min_area=0.04).max() == 2


def test_max_range_removes_far_objects():
    depth, _ = table_with_boards()
    labels = segment_depth(depth, depth__max_range=0.3)
    assert not labels[np.isfinite(depth)].any()


@pytest.mark.parametrize("invalid", [np.nan, 0.0])
def test_depth_without_measurements_equals_no_depth(invalid):
    color = np.zeros((60, 80, 3), np.uint8)
    cluster_labels = np.ones((60, 80), np.int32)
    cluster_labels[20:40, 30:50] = 2
    segmenter = make_segmenter(clusters=clusters_from_labels(cluster_labels))
    expected = segment(segmenter, uniform_features(), RGBDFrame(color)).labels
    empty = RGBDFrame(color, np.full((60, 80), invalid, np.float32), KINECT)
    labels = segment(segmenter, uniform_features(), empty).labels
    np.testing.assert_array_equal(labels, expected)
    np.testing.assert_array_equal(labels > 0, cluster_labels == 2)


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (41, 63)])
def test_small_ramp_has_no_objects(shape):
    depth = np.linspace(0.5, 2, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    assert not segment_depth(depth).any()


def test_noise_depth_has_no_large_objects():
    rng = np.random.default_rng(0)
    depth = rng.uniform(0.3, 6, (120, 160)).astype(np.float32)
    depth[rng.random(depth.shape) < 0.5] = np.nan
    labels = segment_depth(depth)
    areas = np.bincount(labels[labels != UNLABELLED], minlength=1)[1:]
    assert areas.max(initial=0) < 0.01 * depth.size


def test_rendered_table_tops_reach_overlap_floor(tabletop_folder):
    source, scores = open_source(tabletop_folder), []
    for index in (0, 15, 30, 45):
        labels = segment(make_segmenter(), uniform_features(), source[index]).labels
        scores.append(overlap_f(labels, source.ground_truth(index)))
    assert np.mean(scores) > 0.8


def test_real_table_tops_reach_overlap_floor_by_depth_alone(mosd_folder):
    source, scores = open_source(mosd_folder), []
    for index in (0, 5, 16, 33, 43):
        labels = segment_depth(source[index].depth)
        scores.append(overlap_f(labels, source.ground_truth(index)))
    assert np.mean(scores) > 0.93


def test_board_behind_occluder_is_one_object():
    depth = table_depth()
    add_upright_board(depth, 200, 300, 150, 450)
    add_upright_board(depth, 150, 360, 270, 330)
    labels = segment_depth(depth)
    assert labels.max() == 2
    assert labels[250, 200] == labels[250, 400] != labels[250, 300]


def test_boards_of_different_color_behind_occluder_are_two_objects():
    depth = table_depth()
    add_upright_board(depth, 200, 300, 150, 450)
    add_upright_board(depth, 150, 360, 270, 330)
    color = np.full((*SHAPE, 3), (40, 60, 200), np.uint8)
    color[:, 300:] = 200, 40, 40
    assert segment_depth(depth, color=color).max() == 3


def test_equal_boards_with_table_between_are_two_objects():
    depth = table_depth()
    add_upright_board(depth, 200, 300, 150, 250)
    add_upright_board(depth, 200, 300, 350, 450)
    assert segment_depth(depth).max() == 2


def test_boards_in_one_row_are_separate_objects():
    depth = table_depth()
    for left, right in ((150, 240), (252, 348), (360, 450)):
        add_upright_board(depth, 200, 300, left, right)
    assert segment_depth(depth).max() == 3


def test_bowl_and_its_inside_are_one_object():
    depth = table_depth()
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    for center_u, radius in ((200, 80), (460, 60)):
        offset = np.abs(columns - center_u)
        # Add the outer wall, which bulges towards the camera.
        is_wall = (offset < radius) & (rows >= 260) & (rows < 260 + radius)
        bulge = 0.1 * np.clip(1 - offset / radius, 0, 1) ** 0.5
        wall = depth[260 + radius, center_u] - bulge
        depth[is_wall] = np.fmin(depth, wall)[is_wall]
        # Add the inside, which is deepest at its center.
        rim_distance = (offset / radius) ** 2 + ((rows - 260) / (0.6 * radius)) ** 2
        inside = depth[260 + radius, center_u] + 0.06 * (1 - rim_distance)
        depth[rim_distance < 1] = inside[rim_distance < 1]
    labels = segment_depth(depth)
    assert labels.max() == 2
    assert labels[260, 200] == labels[330, 200] != labels[260, 460]


def test_box_in_room_corner_is_the_only_object():
    rays = viewing_rays(KINECT, *SHAPE)
    planes = [([0, 0.95, 0.3], 1.2), ([0, -0.3, 0.95], 2.5), ([0.9, -0.1, 0.42], 1.6)]
    w = np.max([rays @ np.array(normal, np.float32) / d for normal, d in planes], axis=0)
    w += np.random.default_rng(0).normal(0, 0.001, w.shape)
    depth = invert_depth(w.astype(np.float32))
    add_upright_board(depth, 250, 400, 200, 330)
    labels = segment_depth(depth)
    box = labels[320, 260]
    assert box > 0
    assert (labels[260:390, 210:320] == box).mean() > 0.95
    is_outside = np.ones_like(labels, bool)
    is_outside[240:410, 190:340] = False
    assert (labels[is_outside] > 0).mean() < 0.01


def test_holes_take_label_of_similar_patches_nearby():
    depth, mask = table_with_boards()
    hole = np.zeros_like(mask, bool)
    hole[300:360, 100:260] = True  # half on the first board, half beside it
    depth[hole] = np.nan
    segmentation = segment(make_segmenter(), label_features(mask), gray_frame(depth))
    labels, board = segmentation.labels, segmentation.labels[250, 120]
    assert board > 0
    assert (labels[hole & (mask == 1)] == board).mean() > 0.9
    assert (labels[hole & (mask == 0)] == 0).mean() > 0.8
    assert segmentation.inferred[hole].mean() > 0.9


@pytest.mark.parametrize("side", ["left", "right"])
def test_projector_shadow_belongs_to_the_table(side):
    depth = table_depth()
    add_upright_board(depth, 150, 300, 300, 400)
    shadow = np.zeros(depth.shape, bool)
    for row in range(150, 280):
        width = round(0.075 * KINECT.fx * (1 / depth[row, 350] - 1 / depth[row, 250]))
        start = 300 - width if side == "left" else 400
        shadow[row, start : start + width] = True
    depth[shadow] = np.nan
    labels = segment_depth(depth)
    assert labels.max() == 1
    assert (labels[155:295, 305:395] == 1).all()
    assert (labels[shadow] == 0).mean() > 0.95


@pytest.mark.parametrize(
    ("left", "gray", "is_object"),
    [(300, 20, True), (300, 125, False), (0, 20, False)],
    ids=["dark", "color of the table", "at the image border"],
)
def test_dark_compact_hole_is_an_object(left, gray, is_object):
    depth = table_depth()
    hole = np.s_[300:360, left : left + 100]
    color = np.full((*SHAPE, 3), 128, np.uint8)
    depth[hole], color[hole] = np.nan, gray
    labels = segment_depth(depth, color=color)
    assert (labels[304:356, left + 4 : left + 96] == 1).all() == is_object
    assert ((labels > 0) & (labels != UNLABELLED)).any() == is_object


def test_pixels_far_from_depth_are_unlabelled():
    depth, mask = table_with_boards()
    depth[:, 320:] = np.nan
    labels = segment(make_segmenter(), label_features(mask), gray_frame(depth)).labels
    assert (labels[:, 600:] == UNLABELLED).all()
    assert (labels[:, :320] != UNLABELLED).mean() > 0.99


def test_depth_offset_of_few_pixels_reduces_overlap_little():
    depth, mask = table_with_boards()
    shifted = np.roll(depth, (3, -4), axis=(0, 1))
    assert overlap_f(segment_depth(shifted), mask) > 0.85
