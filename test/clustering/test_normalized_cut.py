"""Normalized cut against LAPACK, scikit-learn and the definition."""

import numpy as np
import pytest
import scipy.linalg
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score

from scenerep_ros.clustering.affinity import affinity_matrix
from scenerep_ros.clustering.normalized_cut import (
    NormalizedCut,
    leading_eigenvectors,
    normalized_cut_costs,
)
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features
from scenerep_ros.ops.unit_vectors import unit_rows


def normalized_cut(max_cost=0.1, max_clusters=10):
    return NormalizedCut(max_cost, max_clusters, ClusteringOptions())


def striped_features(count, noise=0.3, shape=(9, 12)):
    generator = np.random.default_rng(count)
    kinds = unit_rows(generator.standard_normal((count, 32), np.float32))
    stripe = np.broadcast_to(np.arange(shape[1]) * count // shape[1], shape)
    deviations = generator.standard_normal((*shape, 32), np.float32)
    grid = kinds[stripe] + noise / 32**0.5 * deviations
    return Features(grid, grid.mean((0, 1)))


def striped_graph(count=2):
    return affinity_matrix(unit_rows(striped_features(count).grid.reshape(-1, 32)))


def second_eigenvector(affinities):
    """Solve (D - W) v = l D v in double precision; scaled by D^1/2, unit length."""
    degrees = affinities.sum(1, np.float64)
    laplacian = np.diag(degrees) - affinities
    _, vectors = scipy.linalg.eigh(laplacian, np.diag(degrees), subset_by_index=[1, 1])
    vector = vectors[:, 0] * np.sqrt(degrees)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_leading_eigenvector_equals_lapack(count):
    affinities = striped_graph(count)
    vector = leading_eigenvectors(affinities)[:, 0]
    assert abs(vector @ second_eigenvector(affinities)) > 0.999


def test_warm_start_converges_to_same_eigenvector():
    affinities = striped_graph()
    cold = leading_eigenvectors(affinities)
    warm = leading_eigenvectors(affinities, cold)
    assert abs(cold[:, 0] @ warm[:, 0]) > 0.999


def test_normalized_cut_costs_equal_definition():
    affinities = striped_graph().astype(np.float64)
    costs = normalized_cut_costs(affinities)
    for size in (1, 40, 90):
        cut = affinities[:size, size:].sum()
        expected = cut / affinities[:size].sum() + cut / affinities[size:].sum()
        assert costs[size - 1] == pytest.approx(expected)


@pytest.mark.parametrize("count", [2, 4])
def test_normalized_cut_equals_spectral_clustering(count):
    scores = normalized_cut()(striped_features(count)).scores
    labels = scores.argmax(0).ravel()
    expected = SpectralClustering(count, affinity="precomputed", random_state=0)
    expected_labels = expected.fit_predict(striped_graph(count))
    assert len(scores) == count
    assert adjusted_rand_score(expected_labels, labels) == 1


@pytest.mark.parametrize(("max_cost", "cluster_count"), [(1e-6, 1), (1.0, 6)])
def test_max_cost_and_max_clusters_limit_the_division(max_cost, cluster_count):
    cut = normalized_cut(max_cost=max_cost, max_clusters=6)
    assert len(cut(striped_features(6)).scores) == cluster_count


@pytest.mark.slow
def test_warm_start_from_other_frame_keeps_clusters():
    warm = normalized_cut()
    warm(striped_features(4))
    expected = normalized_cut()(striped_features(3)).scores.argmax(0)
    labels = warm(striped_features(3)).scores.argmax(0)
    assert adjusted_rand_score(expected.ravel(), labels.ravel()) == 1


@pytest.mark.slow
def test_reset_discards_eigenvectors_of_previous_frame(monkeypatch):
    """The iteration starts from the previous eigenvectors, and after a reset from random ones."""
    initial_vectors = []

    def record(affinities, start=None):
        if len(affinities) == 9 * 12:  # the whole graph, not a part of it
            initial_vectors.append(start)
        return leading_eigenvectors(affinities, start)

    monkeypatch.setattr("scenerep_ros.clustering.normalized_cut.leading_eigenvectors", record)
    cut = normalized_cut()
    first = cut(striped_features(4)).scores
    cut(striped_features(4))
    cut.reset()
    after_reset = cut(striped_features(4)).scores
    assert [start is None for start in initial_vectors] == [True, False, True]
    np.testing.assert_array_equal(after_reset, first)
