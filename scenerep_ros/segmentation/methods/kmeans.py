"""Method `kmeans`: K-Means with a fixed number of clusters."""

from __future__ import annotations

from pydantic import Field

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.kmeans.feature_kmeans import kmeans
from scenerep_ros.config.options import OptionGroup
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.clustered import ClusteredSegmenter
from scenerep_ros.segmentation.registry import SEGMENTERS


class KMeansOptions(OptionGroup):
    """Options of the method `kmeans`."""

    clusters: int = Field(5, ge=2, le=64, description="Number of clusters.")


@SEGMENTERS.register("kmeans")
class KMeansSegmenter(ClusteredSegmenter):
    """K-Means on the features with a fixed number of clusters."""

    summary = "K-Means with a fixed number of clusters"
    Options = KMeansOptions
    options: KMeansOptions

    def cluster(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        return kmeans(features, self.options.clusters, self.config.clustering)
