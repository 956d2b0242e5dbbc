"""Method `kmeans`: as many clusters as the user says."""

from __future__ import annotations

from scenerep_ros.config import SegmentationOptions
from scenerep_ros.frames import Clusters, Features
from scenerep_ros.segmentation.kmeans import kmeans_sweep
from scenerep_ros.segmentation.points import center_clusters, feature_points


class FixedKMeans:
    """K-Means on the features; a grid of fewer cells than clusters gets one cluster a cell."""

    def __init__(self, options: SegmentationOptions) -> None:
        self.options = options

    def __call__(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        points = feature_points(features, self.options.pca)
        solution = kmeans_sweep(points, [self.options.clusters], self.options.seed)
        return center_clusters(points, solution.centers[0], features)
