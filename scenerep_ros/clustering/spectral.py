"""Method `spectral`: as many clusters as the graph of the feature grid falls into."""

from __future__ import annotations

import torch
from torch.nn.functional import normalize

from scenerep_ros.clustering.affinity import vote, weigh
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.clustering.kmeans.sweep import affinity, kmeans_sweep
from scenerep_ros.config.options import SegmentationOptions
from scenerep_ros.frames import Clusters, Features


class SpectralClustering:
    """Normalised spectral clustering (Ng, Jordan and Weiss, NIPS 2001) with k from the eigengap.

    A graph of k parts that hardly touch has k eigenvalues near 1, and the next one is smaller: k is
    where the eigenvalues fall most (von Luxburg, "A tutorial on spectral clustering", 2007).
    """

    def __init__(self, options: SegmentationOptions) -> None:
        self.options = options

    @torch.inference_mode()
    def __call__(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        rows, columns = features.grid.shape[:2]
        weights = weigh(feature_points(features, self.options.pca))
        roots = weights.sum(dim=1).rsqrt()
        values, vectors = torch.linalg.eigh(roots[:, None] * weights * roots)
        count = eigengap(values.flip(0), self.options.min_clusters, self.options.max_clusters)
        places = normalize(vectors[:, -count:], dim=1)
        centers = kmeans_sweep(places, [count], self.options.seed).centers[0]
        return vote(weights, affinity(places, centers).argmax(dim=0), (rows, columns))


def eigengap(values: torch.Tensor, least: int, most: int) -> int:
    """Find the number of clusters, from least to most, after which eigenvalues fall most.

    Args:
        values: (N,) float32, falling; with no more than least of them, each is its own cluster.
        least: number of clusters.
        most: number of clusters.
    """
    falls = -values.diff()[least - 1 : most]
    return least + int(falls.argmax()) if len(falls) else len(values)
