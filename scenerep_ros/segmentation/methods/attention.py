"""Method `attention`: one cluster for each head of the CLS attention (Caron et al., ICCV 2021)."""

from __future__ import annotations

from pydantic import Field

from scenerep_ros.clustering.attention_heads import cluster_attention_heads
from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.config.options import OptionGroup
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.clustered import ClusteredSegmenter
from scenerep_ros.segmentation.registry import SEGMENTERS


class AttentionOptions(OptionGroup):
    """Options of the method `attention`."""

    mass: float = Field(
        0.6, gt=0.0, le=1.0, description="Ratio of a head's attention that its mask keeps."
    )


@SEGMENTERS.register("attention")
class AttentionSegmenter(ClusteredSegmenter):
    """Masks of the heads of the last layer's CLS attention; ViTs only."""

    requires_attention = True
    summary = "masks of the CLS attention heads, ViTs only"
    Options = AttentionOptions
    options: AttentionOptions

    def cluster(self, features: Features) -> Clusters:
        """Cluster one feature grid.

        Raises:
            ConfigError: if the backbone has no CLS token.
        """
        return cluster_attention_heads(features, self.options.mass)
