"""Spectral clustering: how many parts a graph has, and which."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.manifold import spectral_embedding
from sklearn.metrics import adjusted_rand_score
from torch.nn.functional import normalize

from scenerep_ros.clustering.affinity import vote, weigh
from scenerep_ros.clustering.spectral import cluster_spectral, eigengap
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features


def scores(grid, min_clusters=2, max_clusters=10):
    features = Features(grid, grid.flatten(0, 1).mean(0))
    return cluster_spectral(features, min_clusters, max_clusters, ClusteringOptions()).scores


def kinds(count, noise):
    generator = torch.Generator().manual_seed(1)
    which = torch.arange(12 * 16).view(12, 16) * count // (12 * 16)
    looks = torch.randn(count, 32, generator=generator)
    return looks[which] + noise * torch.randn(12, 16, 32, generator=generator), which


@pytest.mark.parametrize("count", [2, 3, 5, 8])
@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_as_many_clusters_as_there_are_kinds(count, noise):
    grid, which = kinds(count, noise)
    found = scores(grid).argmax(0)
    assert adjusted_rand_score(which.flatten(), found.flatten()) == 1


def test_no_more_and_no_fewer_clusters_than_allowed():
    assert len(scores(kinds(8, 0.05)[0], max_clusters=5)) <= 5
    assert len(scores(kinds(2, 0.05)[0], min_clusters=4)) == 4


def test_real_frames_are_cut_as_with_scikit_learns_embedding(real_grids):
    for features in real_grids:
        found = scores(features.grid)
        weights = weigh(normalize(features.grid.flatten(0, 1), dim=1))
        places = spectral_embedding(weights.numpy(), n_components=len(found), drop_first=False)
        # Rows of unit length are Ng, Jordan and Weiss's, whatever the embedding scaled them by.
        places /= np.linalg.norm(places, axis=1, keepdims=True)
        theirs = KMeans(len(found), n_init=10, random_state=0).fit_predict(places)
        voted = vote(weights, torch.from_numpy(theirs).long(), found.shape[1:]).scores
        assert adjusted_rand_score(voted.argmax(0).flatten(), found.argmax(0).flatten()) > 0.9


def test_the_gap_is_where_eigenvalues_fall_most():
    values = torch.tensor([1.0, 0.95, 0.9, 0.4, 0.35, 0.3])
    assert eigengap(values, 2, 5) == 3
    assert eigengap(values, 4, 5) == 4
    assert eigengap(values[:3], 2, 10) == 2
    assert eigengap(values[:2], 2, 10) == 2
    assert eigengap(values[:1], 2, 10) == 1
