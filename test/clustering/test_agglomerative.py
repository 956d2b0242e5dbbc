"""Agglomerative clustering against scikit-learn's."""

import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from scenerep_ros.clustering.agglomerative import agglomerate
from scenerep_ros.clustering.linkage import linkage
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features
from scenerep_ros.ops.unit_vectors import unit_rows


def random_grid():
    return np.random.default_rng(0).standard_normal((8, 9, 16), np.float32)


def assign(grid, max_distance, max_clusters):
    points = unit_rows(grid.reshape(-1, 16))
    return linkage(points, "average").cut(max_distance, max_clusters)


@pytest.mark.parametrize("max_distance", [0.85, 0.95])
def test_average_linkage_equals_scikit_learn(max_distance):
    grid = random_grid()
    expected = AgglomerativeClustering(
        None, metric="cosine", linkage="average", distance_threshold=max_distance
    ).fit_predict(grid.reshape(-1, 16))
    assert 1 < expected.max() + 1 < 60
    assert adjusted_rand_score(expected, assign(grid, max_distance, max_clusters=64)) == 1


def test_max_clusters_overrides_max_distance():
    assert assign(random_grid(), max_distance=1e-3, max_clusters=7).max() + 1 == 7


def test_agglomerate_separates_distinct_features():
    kinds = np.tile(np.eye(3, dtype=np.float32)[np.arange(12) // 4], (6, 1, 1))
    features = Features(kinds, kinds.mean((0, 1)))
    clusters = agglomerate(features, 0.6, 10, ClusteringOptions())
    labels = clusters.scores.argmax(0)
    assert adjusted_rand_score(kinds.argmax(2).ravel(), labels.ravel()) == 1
