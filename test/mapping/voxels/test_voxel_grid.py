"""Sparse voxel map."""

import numpy as np

from scenerep_ros.mapping.voxels.voxel_grid import VoxelGrid
from scenerep_ros.mapping.voxels.voxel_index import ABSENT


def add(grid, points, frame=0, color=100.0):
    points = np.asarray(points, np.float32)
    _, rows = grid.find_or_insert(points)
    return grid.add(rows, points, np.full((len(points), 3), color, np.float32), frame)


def test_grid_counts_one_hit_a_frame_in_each_voxel():
    grid = VoxelGrid(0.1, 1000)
    rows = add(grid, [[0.01, 0, 0], [0.02, 0, 0], [0.5, 0, 0]])
    assert (rows != ABSENT).tolist() == [True, False, True]
    assert len(grid.points(min_hits=2).positions) == 0
    add(grid, [[0.03, 0, 0]])
    assert len(grid.points(min_hits=2).positions) == 1


def test_grid_point_is_mean_of_position_and_color():
    grid = VoxelGrid(0.1, 1000)
    add(grid, [[0.02, 0.04, 0.06]], color=100)
    add(grid, [[0.04, 0.06, 0.08]], color=200)
    points = grid.points()
    np.testing.assert_allclose(points.positions, [[0.03, 0.05, 0.07]], atol=1e-6)
    assert points.colors.tolist() == [[150, 150, 150]]


def test_carved_voxel_is_free_and_can_be_occupied_again():
    grid = VoxelGrid(0.1, 1000)
    point = np.array([[0.05, 0.05, 0.05]], np.float32)
    (row,) = add(grid, point)
    grid.vote(np.array([row]), np.array([4], np.int32))
    assert grid.carve(np.array([row])).tolist() == [4]
    assert grid.find(point).tolist() == [ABSENT]
    add(grid, point)
    assert grid.labels_at(grid.find(point)).tolist() == [0]


def test_grid_drops_oldest_and_farthest_voxels_when_full():
    grid = VoxelGrid(0.1, 1000)
    old_far = np.stack([np.arange(600) * 0.1 + 100.05, np.zeros(600), np.zeros(600)], 1)
    new_near = np.stack([np.arange(600) * 0.1, np.ones(600), np.zeros(600)], 1)
    add(grid, old_far, frame=0)
    add(grid, new_near, frame=50)
    grid.enforce_bound(np.zeros(3, np.float32))
    assert grid.dropped == 300
    assert len(grid) == 900
    assert (grid.find(new_near.astype(np.float32)) != ABSENT).all()


def test_grid_reclaims_memory_of_carved_voxels():
    grid = VoxelGrid(0.1, 1000)
    rows = add(grid, np.stack([np.arange(100) * 0.1, np.zeros(100), np.zeros(100)], 1))
    grid.carve(rows[:50])
    grid.enforce_bound(np.zeros(3, np.float32))
    assert len(grid) == 50
    assert grid.dropped == 0
