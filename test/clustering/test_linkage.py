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

from scenerep_ros.clustering.linkage import linkage, linkage_in_rounds

METHODS = ("average", "ward")
LINKAGES = (linkage, linkage_in_rounds)


def random_points(count, seed=0, channels=6):
    return normalize(torch.randn(count, channels, generator=torch.Generator().manual_seed(seed)))


def scipy_linkage(points, method):
    metric = "cosine" if method == "average" else "euclidean"
    return hierarchy.linkage(pdist(points.double().numpy(), metric), method)


@settings(max_examples=40)
@given(
    st.integers(2, 60),
    st.integers(1, 20),
    st.sampled_from(METHODS),
    st.sampled_from(LINKAGES),
    st.integers(0, 999),
)
def test_cut_to_cluster_count_equals_scipy(count, max_clusters, method, link, seed):
    points = random_points(count, seed)
    expected = hierarchy.fcluster(scipy_linkage(points, method), max_clusters, "maxclust")
    tree = link(points, method)
    assignment = tree.cut(max_distance=-1.0, max_clusters=max_clusters).numpy()
    assert adjusted_rand_score(expected, assignment) == 1
    assert set(assignment) == set(range(min(max_clusters, count)))


@pytest.mark.parametrize("link", LINKAGES)
@pytest.mark.parametrize("max_distance", [0.3, 0.6, 0.9])
def test_cut_at_distance_equals_scipy(max_distance, link):
    points = random_points(80)
    expected = hierarchy.fcluster(scipy_linkage(points, "average"), max_distance, "distance")
    assignment = link(points, "average").cut(max_distance, max_clusters=80).numpy()
    assert adjusted_rand_score(expected, assignment) == 1


@pytest.mark.parametrize("link", LINKAGES)
@pytest.mark.parametrize("method", METHODS)
def test_linkage_of_equal_points_gives_one_cluster(method, link):
    tree = link(random_points(1).expand(9, -1), method)
    assert np.isfinite(tree.distance.numpy()).sum() == 8
    assert not tree.cut(max_distance=1e-3, max_clusters=9).any()


def test_linkage_of_one_point_gives_one_cluster():
    tree = linkage(random_points(1), "ward")
    assert tree.cut(max_distance=-1.0, max_clusters=3).tolist() == [0]


def test_linkage_without_mutually_nearest_pairs_merges_closest(monkeypatch):
    """CUDA may return any of equal minima, so that ties form a cycle of nearest clusters."""
    monkeypatch.setattr(
        "scenerep_ros.clustering.linkage._mutually_nearest",
        lambda nearest: (nearest[:0], nearest[:0]),
    )
    points = random_points(30)
    assignment = linkage_in_rounds(points, "average").cut(max_distance=-1.0, max_clusters=4)
    expected = hierarchy.fcluster(scipy_linkage(points, "average"), 4, "maxclust")
    assert adjusted_rand_score(expected, assignment) == 1


@pytest.mark.parametrize("method", METHODS)
def test_linkages_give_the_same_dendrogram(method):
    points = random_points(100)
    chains, rounds = (link(points, method) for link in LINKAGES)
    np.testing.assert_array_equal(chains.parent, rounds.parent)
    np.testing.assert_allclose(chains.distance, rounds.distance, rtol=1e-4)
