"""The ways to cut a frame into objects."""

from __future__ import annotations

from typing import Any, Protocol

from scenerep_ros.config.options import PipelineConfig
from scenerep_ros.frames import Clusters, Features, RGBDFrame, Segmentation
from scenerep_ros.segmentation.clustered import TrimmedRegions
from scenerep_ros.segmentation.fused import ObjectCut


class Cut(Protocol):
    """Clusters of like features and a frame go in, objects come out."""

    def needs_clusters(self, frame: RGBDFrame) -> bool:
        """Whether the clustering has a say in this frame; if not, it need not run."""

    def look(self, frame: RGBDFrame) -> Any:
        """Find what needs no features, and so can be found while the backbone runs."""

    def __call__(
        self,
        clusters: Clusters | None,
        features: Features,
        frame: RGBDFrame,
        depth: Any = None,
    ) -> Segmentation:
        """Cut one frame; `depth` is what `look` returned for it."""


def make_cut(config: PipelineConfig) -> Cut:
    """Build the cut that the method asks for: the study's methods keep their own regions."""
    return ObjectCut(config) if config.method == "fused" else TrimmedRegions(config)
