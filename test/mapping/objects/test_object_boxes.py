"""Boxes of the objects of a map."""

import numpy as np

from scenerep_ros.mapping.objects.object_boxes import describe_objects
from scenerep_ros.mapping.objects.object_record import ObjectRecord

UP = np.array([0, 0, 1], np.float32)
VOXEL_M = 0.02


def record(key):
    feature = np.ones(4, np.float32)
    return ObjectRecord(key, feature, 0, 10**9, 0, 9, id=key, view_count=10, visible_count=10)


def block(size=(8, 6, 5), origin=(0, 0, 0)):
    """Return the centers of the voxels of a cuboid [m]."""
    return (np.float32(VOXEL_M) * (np.indices(size).reshape(3, -1).T + origin)).astype(np.float32)


def describe(points):
    return describe_objects([record(1)], {1: points}, UP, VOXEL_M)


def test_box_of_an_object_leaves_out_distant_stray_points():
    stray = block((3, 3, 3), (60, 0, 0))
    (item,) = describe(np.concatenate([block(), stray]))
    np.testing.assert_allclose(np.sort(item.box.size), [0.08, 0.1, 0.14], atol=0.011)


def test_scattered_points_without_a_main_part_are_no_object():
    parts = [block((3, 3, 3), (30 * index, 0, 0)) for index in range(3)]
    assert describe(np.concatenate(parts)) == ()


def test_two_parts_of_an_occluded_object_are_one():
    parts = [block((6, 6, 5)), block((5, 6, 5), (15, 0, 0))]
    assert len(describe(np.concatenate(parts))) == 1


def test_few_points_are_no_object():
    assert describe(block((2, 2, 1))) == ()
