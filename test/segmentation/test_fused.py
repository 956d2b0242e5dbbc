from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from segmenters import make_segmenter, segment
from table_tops import clusters_of, frame_of, table_scene, two_looks

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.frames import KINECT, UNLABELLED, Features, RGBDFrame
from scenerep_ros.geometry import invert_depth, viewing_rays
from scenerep_ros.sources import open_source


def no_features():
    return Features(torch.ones(6, 8, 4), torch.ones(4))


def one_cluster():
    return Clusters(torch.ones(1, 6, 8))


def cut(depth, color=None, **options):
    frame = frame_of(depth, color)
    segmentation = segment(make_segmenter(clusters=one_cluster(), **options), no_features(), frame)
    labels = segmentation.labels
    assert labels.dtype == np.int32
    assert labels.shape == depth.shape
    named = np.unique(labels[labels != UNLABELLED])
    assert set(named) | {0} == set(range(segmentation.count + 1))
    return labels


def overlap_f(labels, truth):
    """Overlap F of UOIS-Net-3D: objects assigned by best F, sums over all objects; 0 is ignored."""
    from scipy.optimize import linear_sum_assignment

    labels = np.where((truth == 0) | (labels == UNLABELLED), 0, labels)
    table = np.zeros((labels.max() + 1, truth.max() + 1))
    np.add.at(table, (labels, truth), 1)
    inter, found, true = table[1:, 2:], table[1:].sum(1), table[:, 2:].sum(0)
    match = linear_sum_assignment(-2 * inter / (found[:, None] + true))
    return 2 * inter[match].sum() / (found.sum() + true.sum())


def test_boards_on_a_table_come_out():
    depth, mask = table_scene()
    assert overlap_f(cut(depth), mask + 1) > 0.93


def test_a_table_alone_has_no_objects():
    rays = viewing_rays(KINECT, 480, 640)
    depth = invert_depth(rays @ np.array([0, 0.8, 0.6], np.float32) / 0.6)
    assert not cut(depth)[np.isfinite(depth)].any()


def test_small_things_go_when_the_least_area_is_raised():
    depth, _ = table_scene()
    assert cut(depth, min_area=0.04).max() == 2


def test_nothing_beyond_the_range_is_an_object():
    depth, _ = table_scene()
    labels = cut(depth, depth__max_range=0.3)
    assert not labels[np.isfinite(depth)].any()


@pytest.mark.parametrize("nothing", [np.nan, 0.0])
def test_depth_without_a_measurement_is_as_no_depth(nothing):
    color = np.zeros((60, 80, 3), np.uint8)
    regions = np.ones((60, 80), np.int32)
    regions[20:40, 30:50] = 2
    segmenter = make_segmenter(clusters=clusters_of(regions))
    blind = segment(segmenter, no_features(), RGBDFrame(color))
    empty = RGBDFrame(color, np.full((60, 80), nothing, np.float32), KINECT)
    labels = segment(segmenter, no_features(), empty).labels
    np.testing.assert_array_equal(labels, blind.labels)
    np.testing.assert_array_equal(labels > 0, regions == 2)


def test_regions_of_one_cluster_that_do_not_touch_are_two_objects():
    regions = np.ones((60, 80), np.int32)
    regions[20:40, 10:30] = 2
    regions[20:40, 50:70] = 2
    color = np.zeros((60, 80, 3), np.uint8)
    segmenter = make_segmenter(clusters=clusters_of(regions))
    segmentation = segment(segmenter, no_features(), RGBDFrame(color))
    assert segmentation.count == 2


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (41, 63)])
def test_small_and_odd_frames_work(shape):
    depth = np.linspace(0.5, 2, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    assert (cut(depth) == cut(depth)).all()


def test_real_table_top_frames_reach_a_floor(mosd_folder):
    scores = []
    for name in ("learn0", "learn5", "learn16", "learn33", "learn43"):
        millimetres = cv2.imread(str(mosd_folder / "depth" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        truth = cv2.imread(str(mosd_folder / "label" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        depth = np.where(millimetres > 0, millimetres / 1000, np.nan).astype(np.float32)
        scores.append(overlap_f(cut(depth), truth))
    assert np.mean(scores) > 0.93


def test_rendered_table_top_frames_reach_a_floor(tabletop_folder):
    source, scores = open_source(tabletop_folder), []
    for index in (0, 15, 30, 45):
        frame = source[index]
        labels = segment(make_segmenter(), no_features(), frame).labels
        scores.append(overlap_f(labels, source.ground_truth(index).astype(int) + 1))
    assert np.mean(scores) > 0.8


def upright(depth, top, bottom, left, right, nearer):
    """Stand a board into a depth image, `nearer` metres before what is there at its foot."""
    depth[top:bottom, left:right] = depth[bottom, (left + right) // 2] - nearer


def bare_table():
    rays = viewing_rays(KINECT, 480, 640)
    w = rays @ np.array([0, 0.8, 0.6], np.float32) / 0.6
    return invert_depth(np.where(w > 0.3, w, np.nan).astype(np.float32))


def test_what_an_object_in_front_cuts_in_two_stays_one():
    depth = bare_table()
    upright(depth, 200, 300, 150, 450, nearer=0.0)
    upright(depth, 150, 360, 270, 330, nearer=0.0)
    labels = cut(depth)
    assert labels.max() == 2
    assert labels[250, 200] == labels[250, 400] != labels[250, 300]


def test_what_has_another_color_beyond_an_object_is_another_object():
    depth = bare_table()
    upright(depth, 200, 300, 150, 450, nearer=0.0)
    upright(depth, 150, 360, 270, 330, nearer=0.0)
    color = np.full((480, 640, 3), (40, 60, 200), np.uint8)
    color[:, 300:] = 200, 40, 40
    assert cut(depth, color=color).max() == 3


def test_equal_things_side_by_side_with_the_table_between_them_stay_two():
    depth = bare_table()
    upright(depth, 200, 300, 150, 250, nearer=0.0)
    upright(depth, 200, 300, 350, 450, nearer=0.0)
    assert cut(depth).max() == 2


def test_things_in_one_row_hide_nothing_of_each_other():
    depth = bare_table()
    for left, right in ((150, 240), (252, 348), (360, 450)):
        upright(depth, 200, 300, left, right, nearer=0.0)
    assert cut(depth).max() == 3


def test_the_inside_of_a_bowl_is_part_of_it():
    depth = bare_table()
    rows, columns = np.mgrid[:480, :640]
    for centre_u, radius in ((200, 80), (460, 60)):
        inner = ((columns - centre_u) / radius) ** 2 + ((rows - 260) / (0.6 * radius)) ** 2
        outer = (np.abs(columns - centre_u) < radius) & (rows >= 260) & (rows < 260 + radius)
        sag = np.clip(1 - np.abs(columns - centre_u) / radius, 0, 1) ** 0.5
        wall = depth[260 + radius, centre_u] - 0.1 * sag
        depth[outer] = np.fmin(depth, wall)[outer]
        bowl = depth[260 + radius, centre_u] + 0.06 * (1 - inner)
        depth[inner < 1] = bowl[inner < 1]
    labels = cut(depth)
    assert labels.max() == 2
    assert labels[260, 200] == labels[330, 200] != labels[260, 460]


def test_walls_and_floor_are_background_and_a_box_before_them_is_not():
    rays = viewing_rays(KINECT, 480, 640)
    walls = [([0, 0.95, 0.3], 1.2), ([0, -0.3, 0.95], 2.5), ([0.9, -0.1, 0.42], 1.6)]
    w = np.max([rays @ np.array(n, np.float32) / d for n, d in walls], axis=0)
    w += np.random.default_rng(0).normal(0, 0.001, w.shape)
    depth = invert_depth(w.astype(np.float32))
    upright(depth, 250, 400, 200, 330, nearer=0.0)
    labels = cut(depth)
    box = labels[320, 260]
    assert box > 0
    assert (labels[260:390, 210:320] == box).mean() > 0.95
    outside = np.ones_like(labels, bool)
    outside[240:410, 190:340] = False
    assert (labels[outside] > 0).mean() < 0.01


def test_holes_take_the_label_of_what_looks_like_them_nearby():
    depth, mask = table_scene()
    depth[300:360, 100:260] = np.nan  # half on the first board, half on what is beside it
    labels = segment(make_segmenter(), two_looks(mask), frame_of(depth)).labels
    hole = np.zeros_like(mask, bool)
    hole[300:360, 100:260] = True
    board = labels[250, 120]
    assert board > 0
    assert (labels[hole & (mask == 1)] == board).mean() > 0.9
    assert (labels[hole & (mask == 0)] == 0).mean() > 0.8


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_shadow_of_the_projector_is_what_it_falls_on(side):
    depth = bare_table()
    upright(depth, 150, 300, 300, 400, nearer=0.0)
    shadow = np.zeros(depth.shape, bool)
    for row in range(150, 280):
        width = round(0.075 * KINECT.fx * (1 / depth[row, 350] - 1 / depth[row, 250]))
        start = 300 - width if side == "left" else 400
        shadow[row, start : start + width] = True
    depth[shadow] = np.nan
    labels = cut(depth)
    assert labels.max() == 1
    assert (labels[155:295, 305:395] == 1).all()
    assert (labels[shadow] == 0).mean() > 0.95


@pytest.mark.parametrize(("place", "grey", "count"), [(300, 20, 1), (300, 125, 0), (0, 20, 0)])
def test_a_compact_hole_unlike_the_table_around_it_is_an_object(place, grey, count):
    depth = bare_table()
    hole = np.s_[300:360, place : place + 100]
    color = np.full((480, 640, 3), 128, np.uint8)
    depth[hole], color[hole] = np.nan, grey
    labels = cut(depth, color=color)
    assert (labels[304:356, place + 4 : place + 96] == 1).all() == bool(count)
    assert ((labels > 0) & (labels != UNLABELLED)).any() == bool(count)


def test_what_is_far_from_all_depth_is_unlabelled():
    depth, mask = table_scene()
    depth[:, 320:] = np.nan
    labels = segment(make_segmenter(), two_looks(mask), frame_of(depth)).labels
    assert (labels[:, 600:] == UNLABELLED).all()
    assert (labels[:, :320] != UNLABELLED).mean() > 0.99


def test_depth_that_is_a_few_pixels_off_costs_little():
    depth, mask = table_scene()
    shifted = np.roll(depth, (3, -4), axis=(0, 1))
    assert overlap_f(cut(shifted), mask + 1) > 0.85


def test_random_depth_is_cut_without_complaint():
    rng = np.random.default_rng(0)
    depth = rng.uniform(0.3, 6, (120, 160)).astype(np.float32)
    depth[rng.random(depth.shape) < 0.5] = np.nan
    assert (cut(depth) == cut(depth)).all()
