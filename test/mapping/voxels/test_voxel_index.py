"""Hash table of voxels."""

import numpy as np

from scenerep_ros.mapping.voxels.voxel_index import ABSENT, VoxelIndex, pack_keys, unpack_keys


def test_index_agrees_with_a_dictionary_over_many_insertions():
    rng = np.random.default_rng(0)
    index, oracle = VoxelIndex(), {}
    for _ in range(20):
        keys = pack_keys(rng.normal(0, 1, (2000, 3)).astype(np.float32), 0.1)
        rows = index.find(keys)
        assert rows.tolist() == [oracle.get(key, ABSENT) for key in keys.tolist()]
        is_new = rows == ABSENT
        rows[is_new] = index.insert(keys[is_new])
        oracle |= dict(zip(keys.tolist(), rows.tolist(), strict=True))
        assert sorted(oracle.values()) == list(range(len(index)))
        np.testing.assert_array_equal(index.keys[rows], keys)


def test_index_rebuild_forgets_other_keys():
    index = VoxelIndex()
    index.insert(np.arange(5000))
    index.rebuild(np.array([7, 3]))
    assert index.find(np.array([3, 4, 7])).tolist() == [1, ABSENT, 0]
    assert len(index) == 2


def test_unpacked_keys_are_the_cells_of_the_points():
    points = np.array([[-0.5, 1.25, 3.7], [-1e4, 0, 1e4]], np.float32)
    cells = unpack_keys(pack_keys(points, 0.5))
    assert cells.tolist() == [[-1, 2, 7], [-20000, 0, 20000]]
