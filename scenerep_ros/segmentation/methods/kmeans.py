"""Method `kmeans`: K-Means with a fixed number of clusters, or a checkpoint's codebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.codebook import codebook_clusters, load_codebook
from scenerep_ros.clustering.kmeans.feature_kmeans import kmeans
from scenerep_ros.config.options import OptionGroup
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.clustered import ClusteredSegmenter
from scenerep_ros.segmentation.registry import SEGMENTERS

if TYPE_CHECKING:  # the pipeline's options contain those of every registered segmenter
    from scenerep_ros.config.pipeline import PipelineConfig


class KMeansOptions(OptionGroup):
    """Options of the method `kmeans`."""

    clusters: int = Field(5, ge=2, le=64, description="Number of clusters.")
    codebook: bool = Field(
        True,
        description="Use the cluster centers of the checkpoint named by weights instead of clusters "
        "of each frame, if it has some (scenerep-train tune) and clustering.pca is 0.",
    )


@SEGMENTERS.register("kmeans")
class KMeansSegmenter(ClusteredSegmenter):
    """K-Means on the features with a fixed number of clusters, or the centers of a codebook."""

    summary = "K-Means with a fixed number of clusters, or the codebook of a tuned checkpoint"
    Options = KMeansOptions
    options: KMeansOptions

    def __init__(self, config: PipelineConfig, options: OptionGroup) -> None:
        super().__init__(config, options)
        uses_codebook = self.options.codebook and not config.clustering.pca
        self._codebook = load_codebook(config) if uses_codebook else None

    def cluster(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        codebook = self._codebook
        if codebook is not None and codebook.shape[1] == features.grid.shape[2]:
            return codebook_clusters(features, codebook)
        return kmeans(features, self.options.clusters, self.config.clustering)
