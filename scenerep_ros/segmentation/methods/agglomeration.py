"""Method `agglomeration`: average linkage of the patches by cosine distance."""

from __future__ import annotations

from pydantic import Field

from scenerep_ros.clustering.agglomerative import agglomerate
from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.config.options import OptionGroup
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.clustered import ClusteredSegmenter
from scenerep_ros.segmentation.registry import SEGMENTERS


class AgglomerationOptions(OptionGroup):
    """Options of the method `agglomeration`."""

    max_distance: float = Field(
        0.6,
        gt=0.0,
        le=2.0,
        description="Merge threshold of average linkage (mean cosine distance).",
    )
    max_clusters: int = Field(10, ge=3, le=64, description="Largest number of clusters.")


@SEGMENTERS.register("agglomeration")
class AgglomerationSegmenter(ClusteredSegmenter):
    """Average linkage of the patches by cosine distance."""

    summary = "average linkage by cosine distance"
    Options = AgglomerationOptions
    options: AgglomerationOptions

    def cluster(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        options = self.options
        return agglomerate(
            features, options.max_distance, options.max_clusters, self.config.clustering
        )
