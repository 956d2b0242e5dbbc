"""Method `ncut`: recursive normalized cut of the affinity graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.normalized_cut import NormalizedCut
from scenerep_ros.config.options import OptionGroup
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.clustered import ClusteredSegmenter
from scenerep_ros.segmentation.registry import SEGMENTERS

if TYPE_CHECKING:
    from scenerep_ros.config.pipeline import PipelineConfig


class NormalizedCutOptions(OptionGroup):
    """Options of the method `ncut`."""

    max_cost: float = Field(
        0.1,
        gt=0.0,
        le=2.0,
        description="Value of the normalized cut from which a segment is not divided.",
    )
    max_clusters: int = Field(10, ge=3, le=64, description="Largest number of clusters.")


@SEGMENTERS.register("ncut")
class NormalizedCutSegmenter(ClusteredSegmenter):
    """Recursive normalized cut of the affinity graph of the patches."""

    summary = "recursive normalized cut"
    Options = NormalizedCutOptions
    options: NormalizedCutOptions

    def __init__(self, config: PipelineConfig, options: NormalizedCutOptions) -> None:
        super().__init__(config, options)
        self._cut = NormalizedCut(options.max_cost, options.max_clusters, config.clustering)

    def cluster(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        return self._cut(features)

    def reset(self) -> None:
        """Discard the eigenvectors of the previous frame."""
        self._cut.reset()
