"""Memory of the map: the bytes of a voxel, of a room, and of a full map."""

import tracemalloc

import numpy as np

from scenerep_ros.config.options import MappingOptions
from scenerep_ros.mapping.voxels.voxel_grid import VoxelGrid

BYTES_PER_VOXEL = 150
"""Bound that the description of `map.max_voxels` states."""
FRAME_POINTS = 12_000


def add_frame(grid, points, index):
    occupied, rows = grid.find_or_insert(points)
    rows = grid.add(rows, points, np.full((len(points), 3), 90, np.float32), index)
    is_first = rows >= 0
    grid.vote(rows[is_first], np.full(is_first.sum(), 1 + index % 50, np.int32))
    return occupied


def plane(corner, first, second, spacing=0.015):
    """Return points (n, 3) of a rectangle, from its corner and its two sides [m]."""
    counts = [int(np.linalg.norm(side) / spacing) for side in (first, second)]
    u, v = np.meshgrid(*(np.linspace(0, 1, count) for count in counts))
    return corner + u.reshape(-1, 1) * first + v.reshape(-1, 1) * second


def furnished_room():
    """Return noisy points (n, 3) float32 of a room of 6 x 5 m with ten tall wardrobes."""
    x, y, z = np.diag([6.0, 5.0, 2.6])
    zero = np.zeros(3)
    surfaces = [(zero, x, y), (z, x, y), (zero, x, z), (y, x, z), (zero, y, z), (x, y, z)]
    for index in range(10):
        corner = np.array([0.55 * index, 1.0 + 2.0 * (index % 2), 0.0])
        a, b, c = np.diag([0.5, 0.6, 1.8])
        surfaces += [(corner, a, c), (corner + b, a, c), (corner, b, c), (corner + a, b, c)]
        surfaces += [(corner + c, a, b)]
    points = np.concatenate([plane(*surface) for surface in surfaces])
    noise = np.random.default_rng(0).normal(0, 0.008, points.shape)
    return (points + noise).astype(np.float32)


def test_room_of_thirty_square_meters_takes_under_300_megabytes():
    points = furnished_room()
    tracemalloc.start()
    try:
        grid = VoxelGrid(MappingOptions().voxel_size, MappingOptions().max_voxels)
        for index, start in enumerate(range(0, len(points), FRAME_POINTS)):
            add_frame(grid, points[start : start + FRAME_POINTS], index)
        grid.points(min_hits=1).by_label()
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 400_000 < len(grid) < MappingOptions().max_voxels
    assert grid.dropped == 0
    assert grid.memory_bytes <= BYTES_PER_VOXEL * len(grid)
    assert peak_bytes < 300e6


def test_full_map_keeps_its_size_however_long_it_runs():
    grid = VoxelGrid(0.02, 20_000)
    rng = np.random.default_rng(0)
    for index in range(40):
        camera = np.array([0.5 * index, 0, 0], np.float32)
        add_frame(grid, camera + rng.uniform(-1, 1, (4_000, 3)).astype(np.float32), index)
        grid.enforce_bound(camera)
        assert len(grid) <= 20_000
        assert grid.memory_bytes <= BYTES_PER_VOXEL * (20_000 + 4_000)
    assert grid.dropped > 100_000
    assert grid.positions(slice(0, len(grid)))[:, 0].min() > 10
