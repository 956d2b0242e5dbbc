"""Method `kmeans`: as many clusters as the user says."""

from __future__ import annotations

from scenerep_ros.clustering.feature_points import center_clusters, feature_points
from scenerep_ros.clustering.kmeans.sweep import kmeans_sweep
from scenerep_ros.config.options import SegmentationOptions
from scenerep_ros.frames import Clusters, Features


class FixedKMeans:
    """K-Means on the features; a grid of fewer cells than clusters gets one cluster a cell."""

    def __init__(self, options: SegmentationOptions) -> None:
        self.options = options

    def __call__(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        points = feature_points(features, self.options.pca)
        solution = kmeans_sweep(points, [self.options.clusters], self.options.seed)
        return center_clusters(points, solution.centers[0], features)
