"""Normalized spectral clustering of the patches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.clustering.affinity import affinity_matrix, soft_assignment
from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.clustering.kmeans.sweep import center_scores, kmeans_sweep
from scenerep_ros.clustering.projection import largest_eigenpairs
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features
from scenerep_ros.ops.unit_vectors import unit_rows


def cluster_spectral(
    features: Features, min_clusters: int, max_clusters: int, options: ClusteringOptions
) -> Clusters:
    """Cluster one feature grid by normalized spectral clustering with k from the eigengap.

    The method is that of Ng, Jordan and Weiss (NIPS 2001). A graph of k weakly connected parts has k
    eigenvalues near 1 and a smaller next one, so k is where the eigenvalues drop most (von Luxburg,
    "A tutorial on spectral clustering", 2007).

    Args:
        features: features of one image.
        min_clusters: smallest number of clusters.
        max_clusters: largest number of clusters.
        options: reduction of the features, and seed of K-Means.
    """
    rows, columns = features.grid.shape[:2]
    # Decompose the symmetrically normalized affinity, D^-1/2 W D^-1/2.
    affinities = affinity_matrix(feature_points(features, options.pca))
    root_degree = np.sqrt(affinities.sum(1))
    normalized = affinities / root_degree / root_degree[:, None]
    eigenvalues, eigenvectors = largest_eigenpairs(normalized, max_clusters + 1)
    # Run K-Means on the rows of the leading eigenvectors.
    cluster_count = eigengap(eigenvalues, min_clusters, max_clusters)
    embedding = unit_rows(eigenvectors[:, :cluster_count])
    centers = kmeans_sweep(embedding, [cluster_count], options.seed).centers[0]
    assignment = center_scores(embedding, centers).argmax(0)
    return soft_assignment(affinities, assignment, (rows, columns))


def eigengap(eigenvalues: NDArray[np.float32], min_clusters: int, max_clusters: int) -> int:
    """Find the number of clusters after which the eigenvalues drop most.

    Args:
        eigenvalues: (N,) float32, descending.
        min_clusters: smallest number of clusters.
        max_clusters: largest number of clusters.

    Returns:
        Number of clusters; N if there are no more eigenvalues than `min_clusters`.

    >>> eigengap(np.array([1.0, 0.9, 0.4, 0.3]), 1, 3)
    2
    """
    drops = -np.diff(eigenvalues)[min_clusters - 1 : max_clusters]
    return min_clusters + int(drops.argmax()) if len(drops) else len(eigenvalues)
