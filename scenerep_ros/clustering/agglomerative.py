"""Agglomerative clustering of the patches by cosine distance."""

from __future__ import annotations

from scenerep_ros.clustering.affinity import affinity_matrix, soft_assignment
from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.clustering.linkage import linkage
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features


def agglomerate(
    features: Features, max_distance: float, max_clusters: int, options: ClusteringOptions
) -> Clusters:
    """Cluster one feature grid by average linkage (Sokal and Michener 1958).

    Args:
        features: features of one image.
        max_distance: mean cosine distance above which two clusters are not merged.
        max_clusters: merging continues beyond that distance until so many clusters are left.
        options: reduction of the features.
    """
    rows, columns = features.grid.shape[:2]
    points = feature_points(features, options.pca)
    assignment = linkage(points, "average").cut(max_distance, max_clusters)
    return soft_assignment(affinity_matrix(points), assignment, (rows, columns))
