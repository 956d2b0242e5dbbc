from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.framework.feature_store import FeatureStore

from scenerep_ros.errors import ConfigError

NAMES = ["a/1", "a/2", "b/1"]


def test_write_fills_row_of_sample_and_leaves_others_zero(tmp_path):
    store = FeatureStore(tmp_path / "features.npy", NAMES)
    store.write("b/1", np.arange(1, 5, dtype=np.float32))
    store.write("a/1", np.full(4, 9, np.float32))
    np.testing.assert_array_equal(
        np.load(tmp_path / "features.npy"), [[9, 9, 9, 9], [0, 0, 0, 0], [1, 2, 3, 4]]
    )
    assert (tmp_path / "features.txt").read_text().splitlines() == NAMES


def test_reopened_store_keeps_rows_and_allows_overwriting(tmp_path):
    path = tmp_path / "features.npy"
    FeatureStore(path, NAMES).write("a/2", np.ones(2, np.float32))
    FeatureStore(path, NAMES).write("b/1", np.full(2, 3, np.float32))
    reopened = FeatureStore(path, NAMES)
    reopened.write("a/2", np.full(2, 2, np.float32))
    np.testing.assert_array_equal(reopened.read(), [[0, 0], [2, 2], [3, 3]])


def test_store_of_other_samples_is_rejected(tmp_path):
    path = tmp_path / "features.npy"
    FeatureStore(path, NAMES).write("a/2", np.ones(2, np.float32))
    with pytest.raises(ConfigError, match=r"features\.npy: holds features of other samples"):
        FeatureStore(path, [*NAMES, "b/2"])


def test_store_file_is_sparse(tmp_path):
    store = FeatureStore(tmp_path / "features.npy", [str(i) for i in range(100_000)])
    store.write("99999", np.ones(384, np.float32))
    size = store.path.stat()
    assert size.st_size > 150e6
    assert size.st_blocks * 512 < 1e6
