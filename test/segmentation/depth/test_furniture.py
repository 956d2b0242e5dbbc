"""Objects of any size, and their combination with compact ones."""

import numpy as np
from furnished_rooms import furnished_room

from scenerep_ros.segmentation.depth.furniture import add_furniture, segment_furniture


def test_furniture_is_segmented_and_the_wall_is_not():
    context, features, logits, true_labels = furnished_room(4)
    labels = segment_furniture(features, logits, context)
    assert labels.max() == 2
    true_labels = true_labels[::2, ::2]
    for number in (1, 2):
        label = np.bincount(labels[true_labels == number]).argmax()
        overlap = (labels == label) & (true_labels == number)
        assert overlap.sum() > 0.95 * ((labels == label) | (true_labels == number)).sum()


def test_pixels_without_depth_are_no_furniture():
    context, features, logits, _ = furnished_room()
    context.frame.depth[:, 380:420] = 0
    assert not segment_furniture(features, logits, context)[:, 190:210].any()


def test_frame_without_depth_has_no_furniture():
    context, features, logits, _ = furnished_room()
    context.frame.depth[:] = 0
    assert not segment_furniture(features, logits, context).any()


def test_table_under_a_cup_is_an_object_of_its_own():
    table, cup = np.zeros((20, 20), np.int32), np.zeros((20, 20), np.int32)
    table[5:15], cup[8:11, 8:11] = 1, 1
    labels = add_furniture(cup, table)
    assert (labels[cup > 0] == 1).all()
    assert (labels[(table > 0) & (cup == 0)] == 2).all()


def test_rim_around_boxes_is_no_object():
    boxes, segment = np.zeros((20, 20), np.int32), np.zeros((20, 20), np.int32)
    boxes[5:15, 5:10], boxes[5:15, 10:15], segment[4:16, 4:16] = 1, 2, 1
    np.testing.assert_array_equal(add_furniture(boxes, segment), boxes)


def test_compact_object_without_furniture_is_kept():
    cup = np.zeros((20, 20), np.int32)
    cup[2:5, 2:5] = 1
    np.testing.assert_array_equal(add_furniture(cup, np.zeros_like(cup)), cup)


def test_furniture_below_min_area_is_no_object():
    none, lamp = np.zeros((20, 20), np.int32), np.zeros((20, 20), np.int32)
    lamp[2:5, 2:5] = 1
    assert add_furniture(none, lamp, 9 / 400).any()
    assert not add_furniture(none, lamp, 10 / 400).any()
