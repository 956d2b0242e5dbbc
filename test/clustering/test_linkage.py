"""Linkage against scipy's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist
from sklearn.metrics import adjusted_rand_score
from torch.nn.functional import normalize

from scenerep_ros.clustering.linkage import average, linkage, ward

OURS = {"average": average, "ward": ward}


def points(count, seed=0, channels=6):
    return normalize(torch.randn(count, channels, generator=torch.Generator().manual_seed(seed)))


def theirs(x, method):
    metric = "cosine" if method == "average" else "euclidean"
    return hierarchy.linkage(pdist(x.double().numpy(), metric), method)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 60), st.integers(1, 20), st.sampled_from(sorted(OURS)), st.integers(0, 999))
def test_as_many_clusters_as_asked_for_are_scipys(count, most, method, seed):
    x = points(count, seed)
    expected = hierarchy.fcluster(theirs(x, method), most, "maxclust")
    found = linkage(x, OURS[method]).cut(height=-1.0, most=most).numpy()
    assert adjusted_rand_score(expected, found) == 1
    assert set(found) == set(range(min(most, count)))


@pytest.mark.parametrize("height", [0.3, 0.6, 0.9])
def test_clusters_up_to_a_height_are_scipys(height):
    x = points(80)
    expected = hierarchy.fcluster(theirs(x, "average"), height, "distance")
    found = linkage(x, average).cut(height, most=80).numpy()
    assert adjusted_rand_score(expected, found) == 1


@pytest.mark.parametrize("method", sorted(OURS))
def test_equal_points_are_one_cluster(method):
    tree = linkage(points(1).expand(9, -1), OURS[method])
    assert np.isfinite(tree.height.numpy()).sum() == 8
    assert not tree.cut(height=1e-3, most=9).any()


def test_one_point_is_one_cluster():
    assert linkage(points(1), ward).cut(height=-1.0, most=3).tolist() == [0]


def test_equally_near_ones_that_name_each_other_in_a_ring_are_joined(monkeypatch):
    """As on CUDA, where any of equal minima may be found."""
    monkeypatch.setattr(
        "scenerep_ros.clustering.linkage._pairs", lambda partner: (partner[:0], partner[:0])
    )
    x = points(30)
    found = linkage(x, average).cut(height=-1.0, most=4)
    expected = hierarchy.fcluster(theirs(x, "average"), 4, "maxclust")
    assert adjusted_rand_score(expected, found) == 1
