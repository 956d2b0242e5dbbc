"""Linkage against scipy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist
from sklearn.metrics import adjusted_rand_score

from scenerep_ros.clustering.linkage import linkage
from scenerep_ros.ops.unit_vectors import unit_rows

METHODS = ("average", "ward")


def random_points(count, seed=0, channels=6):
    generator = np.random.default_rng(seed)
    return unit_rows(generator.standard_normal((count, channels), np.float32))


def scipy_linkage(points, method):
    metric = "cosine" if method == "average" else "euclidean"
    return hierarchy.linkage(pdist(points, metric), method)


@settings(max_examples=40)
@given(st.integers(2, 60), st.integers(1, 20), st.sampled_from(METHODS), st.integers(0, 999))
def test_cut_to_cluster_count_equals_scipy(count, max_clusters, method, seed):
    points = random_points(count, seed)
    expected = hierarchy.fcluster(scipy_linkage(points, method), max_clusters, "maxclust")
    assignment = linkage(points, method).cut(max_distance=-1.0, max_clusters=max_clusters)
    assert adjusted_rand_score(expected, assignment) == 1
    assert set(assignment) == set(range(min(max_clusters, count)))


@pytest.mark.parametrize("max_distance", [0.3, 0.6, 0.9])
def test_cut_at_distance_equals_scipy(max_distance):
    points = random_points(80)
    expected = hierarchy.fcluster(scipy_linkage(points, "average"), max_distance, "distance")
    assignment = linkage(points, "average").cut(max_distance, max_clusters=80)
    assert adjusted_rand_score(expected, assignment) == 1


@pytest.mark.parametrize("method", METHODS)
def test_linkage_of_equal_points_gives_one_cluster(method):
    tree = linkage(random_points(1).repeat(9, axis=0), method)
    assert np.isfinite(tree.distance).sum() == 8
    assert not tree.cut(max_distance=1e-3, max_clusters=9).any()


def test_linkage_of_one_point_gives_one_cluster():
    tree = linkage(random_points(1), "ward")
    assert tree.cut(max_distance=-1.0, max_clusters=3).tolist() == [0]
