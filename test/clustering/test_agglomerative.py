"""Agglomerative clustering against scikit-learn's."""

import pytest
import torch
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from scenerep_ros.clustering.agglomerative import agglomerate
from scenerep_ros.clustering.linkage import linkage
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features


def random_grid():
    return torch.randn(8, 9, 16, generator=torch.Generator().manual_seed(0))


def assign(grid, max_distance, max_clusters):
    points = torch.nn.functional.normalize(grid.flatten(0, 1), dim=1)
    return linkage(points, "average").cut(max_distance, max_clusters).numpy()


@pytest.mark.parametrize("max_distance", [0.85, 0.95])
def test_average_linkage_equals_scikit_learn(max_distance):
    grid = random_grid()
    expected = AgglomerativeClustering(
        None, metric="cosine", linkage="average", distance_threshold=max_distance
    ).fit_predict(grid.flatten(0, 1))
    assert 1 < expected.max() + 1 < 60
    assert adjusted_rand_score(expected, assign(grid, max_distance, max_clusters=64)) == 1


def test_max_clusters_overrides_max_distance():
    assert assign(random_grid(), max_distance=1e-3, max_clusters=7).max() + 1 == 7


def test_agglomerate_separates_distinct_features():
    kinds = torch.eye(3)[torch.arange(12) // 4].expand(6, 12, 3)
    clusters = agglomerate(Features(kinds, torch.zeros(3)), 0.6, 10, ClusteringOptions())
    labels = clusters.scores.argmax(0).flatten()
    assert adjusted_rand_score(kinds.argmax(2).flatten().numpy(), labels.numpy()) == 1
