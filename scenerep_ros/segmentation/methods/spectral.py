"""Method `spectral`: spectral clustering with the number of clusters from the eigengap."""

from __future__ import annotations

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.spectral import cluster_spectral
from scenerep_ros.config.options import ClusterRangeOptions
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.clustered import ClusteredSegmenter
from scenerep_ros.segmentation.registry import SEGMENTERS


class SpectralOptions(ClusterRangeOptions):
    """Options of the method `spectral`."""


@SEGMENTERS.register("spectral")
class SpectralSegmenter(ClusteredSegmenter):
    """Normalized spectral clustering of the patches."""

    summary = "spectral clustering, number of clusters from the eigengap"
    Options = SpectralOptions
    options: SpectralOptions

    def cluster(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        options = self.options
        return cluster_spectral(
            features, options.min_clusters, options.max_clusters, self.config.clustering
        )
