"""Spectral clustering against scikit-learn's parts, and the eigengap."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.manifold import spectral_embedding
from sklearn.metrics import adjusted_rand_score

from scenerep_ros.clustering.affinity import affinity_matrix, soft_assignment
from scenerep_ros.clustering.spectral import cluster_spectral, eigengap
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features
from scenerep_ros.ops.unit_vectors import unit_rows


def spectral_scores(grid, min_clusters=2, max_clusters=10):
    features = Features(grid, grid.mean((0, 1)))
    return cluster_spectral(features, min_clusters, max_clusters, ClusteringOptions()).scores


def noisy_kinds(count, noise):
    """Grid of `count` features with noise, and the true assignment."""
    generator = np.random.default_rng(1)
    assignment = np.arange(12 * 16).reshape(12, 16) * count // (12 * 16)
    kinds = generator.standard_normal((count, 32), np.float32)
    deviations = generator.standard_normal((12, 16, 32), np.float32)
    return kinds[assignment] + noise * deviations, assignment


@pytest.mark.parametrize("count", [2, 3, 5, 8])
@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_spectral_clusters_equal_true_assignment(count, noise):
    grid, assignment = noisy_kinds(count, noise)
    labels = spectral_scores(grid).argmax(0)
    assert adjusted_rand_score(assignment.ravel(), labels.ravel()) == 1


def test_spectral_cluster_count_stays_within_bounds():
    assert len(spectral_scores(noisy_kinds(8, 0.05)[0], max_clusters=5)) <= 5
    assert len(spectral_scores(noisy_kinds(2, 0.05)[0], min_clusters=4)) == 4


def test_spectral_clusters_of_real_frames_equal_scikit_learn(real_grids):
    for features in real_grids:
        scores = spectral_scores(features.grid)
        points = features.grid.reshape(-1, features.grid.shape[2])
        affinities = affinity_matrix(unit_rows(points))
        embedding = spectral_embedding(affinities, n_components=len(scores), drop_first=False)
        # Ng, Jordan and Weiss normalize the rows, which cancels scikit-learn's scaling.
        embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
        expected = KMeans(len(scores), n_init=10, random_state=0).fit_predict(embedding)
        expected_scores = soft_assignment(affinities, expected, scores.shape[1:]).scores
        labels, expected_labels = scores.argmax(0).ravel(), expected_scores.argmax(0).ravel()
        assert adjusted_rand_score(expected_labels, labels) > 0.9


def test_eigengap_is_the_largest_drop_within_bounds():
    eigenvalues = np.array([1.0, 0.95, 0.9, 0.4, 0.35, 0.3])
    assert eigengap(eigenvalues, 2, 5) == 3
    assert eigengap(eigenvalues, 4, 5) == 4


def test_eigengap_of_few_eigenvalues_is_their_number():
    eigenvalues = np.array([1.0, 0.95])
    assert eigengap(eigenvalues, 2, 10) == 2
    assert eigengap(eigenvalues[:1], 2, 10) == 1
