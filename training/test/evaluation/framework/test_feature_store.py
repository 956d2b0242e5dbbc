from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.framework.feature_store import FeatureStore

from scenerep_ros.errors import ConfigError

NAMES = ["a/1", "a/2", "b/1"]


def test_rows_stand_where_their_samples_do_and_others_are_zero(tmp_path):
    store = FeatureStore(tmp_path / "features.npy", NAMES)
    store.write("b/1", np.arange(1, 5, dtype=np.float32))
    store.write("a/1", np.full(4, 9, np.float32))
    np.testing.assert_array_equal(
        np.load(tmp_path / "features.npy"), [[9, 9, 9, 9], [0, 0, 0, 0], [1, 2, 3, 4]]
    )
    assert (tmp_path / "features.txt").read_text().splitlines() == NAMES


def test_it_goes_on_where_it_was_and_takes_a_row_twice(tmp_path):
    path = tmp_path / "features.npy"
    FeatureStore(path, NAMES).write("a/2", np.ones(2, np.float32))
    again = FeatureStore(path, NAMES)
    again.write("a/2", np.full(2, 2, np.float32))
    np.testing.assert_array_equal(again.read(), [[0, 0], [2, 2], [0, 0]])


def test_features_of_other_samples_are_refused(tmp_path):
    path = tmp_path / "features.npy"
    FeatureStore(path, NAMES).write("a/2", np.ones(2, np.float32))
    with pytest.raises(ConfigError, match=r"features\.npy: holds features of other samples"):
        FeatureStore(path, [*NAMES, "b/2"])


def test_it_takes_up_only_the_space_that_was_written_to(tmp_path):
    store = FeatureStore(tmp_path / "features.npy", [str(i) for i in range(100_000)])
    store.write("99999", np.ones(384, np.float32))
    size = store.path.stat()
    assert size.st_size > 150e6
    assert size.st_blocks * 512 < 1e6
