"""Method `kmeans_knee`: K-Means with the number of clusters at the knee of the inertia."""

from __future__ import annotations

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.kmeans.feature_kmeans import kmeans_with_knee
from scenerep_ros.config.options import ClusterRangeOptions
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.clustered import ClusteredSegmenter
from scenerep_ros.segmentation.registry import SEGMENTERS


class KMeansKneeOptions(ClusterRangeOptions):
    """Options of the method `kmeans_knee`."""


@SEGMENTERS.register("kmeans_knee")
class KMeansKneeSegmenter(ClusteredSegmenter):
    """K-Means on the features; the number of clusters is at the knee of the inertia curve."""

    summary = "K-Means, number of clusters from the knee of the inertia curve"
    Options = KMeansKneeOptions
    options: KMeansKneeOptions

    def cluster(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        options = self.options
        return kmeans_with_knee(
            features, options.min_clusters, options.max_clusters, self.config.clustering
        )
