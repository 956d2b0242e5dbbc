"""Agglomeration against scikit-learn's."""

import pytest
import torch
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from scenerep_ros.clustering.agglomerative import agglomerate
from scenerep_ros.clustering.linkage import average, linkage
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features


def assignment(grid, max_distance, max_clusters):
    points = torch.nn.functional.normalize(grid.flatten(0, 1), dim=1)
    return linkage(points, average).cut(max_distance, max_clusters).numpy()


@pytest.mark.parametrize("distance", [0.85, 0.95])
def test_clusters_equal_scikit_learns(distance):
    grid = torch.randn(8, 9, 16, generator=torch.Generator().manual_seed(0))
    theirs = AgglomerativeClustering(
        None, metric="cosine", linkage="average", distance_threshold=distance
    ).fit_predict(grid.flatten(0, 1))
    found = assignment(grid, max_distance=distance, max_clusters=64)
    assert 1 < theirs.max() + 1 < 60
    assert adjusted_rand_score(theirs, found) == 1


def test_no_more_clusters_than_allowed():
    grid = torch.randn(8, 9, 16, generator=torch.Generator().manual_seed(0))
    assert assignment(grid, max_distance=1e-3, max_clusters=7).max() + 1 == 7


def test_scores_name_the_same_clusters():
    kinds = torch.eye(3)[torch.arange(12) // 4].expand(6, 12, 3)
    features = Features(kinds, torch.zeros(3))
    scores = agglomerate(features, 0.6, 10, ClusteringOptions()).scores
    assert (
        adjusted_rand_score(kinds.argmax(2).flatten().numpy(), scores.argmax(0).flatten().numpy())
        == 1
    )
