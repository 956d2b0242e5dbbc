"""Normalized spectral clustering of the patches."""

from __future__ import annotations

import torch
from torch.nn.functional import normalize

from scenerep_ros.clustering.affinity import vote, weigh
from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.clustering.kmeans.sweep import affinity, kmeans_sweep
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features


@torch.inference_mode()
def cluster_spectral(
    features: Features, min_clusters: int, max_clusters: int, options: ClusteringOptions
) -> Clusters:
    """Cluster one feature grid by normalized spectral clustering with k from the eigengap.

    The method is that of Ng, Jordan and Weiss (NIPS 2001). A graph of k weakly connected parts has k
    eigenvalues near 1 and a smaller next one, so k is where the eigenvalues drop most (von Luxburg,
    "A tutorial on spectral clustering", 2007).
    """
    rows, columns = features.grid.shape[:2]
    # Symmetrically normalized affinity, D^-1/2 W D^-1/2.
    weights = weigh(feature_points(features, options.pca))
    roots = weights.sum(dim=1).rsqrt()
    values, vectors = torch.linalg.eigh(roots[:, None] * weights * roots)
    # K-Means on the rows of the leading eigenvectors.
    count = eigengap(values.flip(0), min_clusters, max_clusters)
    embedding = normalize(vectors[:, -count:], dim=1)
    centers = kmeans_sweep(embedding, [count], options.seed).centers[0]
    return vote(weights, affinity(embedding, centers).argmax(dim=0), (rows, columns))


def eigengap(values: torch.Tensor, least: int, most: int) -> int:
    """Find the number of clusters, from least to most, after which eigenvalues fall most.

    Args:
        values: (N,) float32, falling; with no more than least of them, each is its own cluster.
        least: number of clusters.
        most: number of clusters.
    """
    falls = -values.diff()[least - 1 : most]
    return least + int(falls.argmax()) if len(falls) else len(values)
