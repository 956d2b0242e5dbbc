"""Access to the clusters behind a segmentation."""

from __future__ import annotations

from typing import Any

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.base import Segmenter


class ClusterRecorder:
    """Recorder of the clusters that a segmenter computes and does not return.

    Args:
        segmenter: segmenter whose method `cluster` is wrapped.

    Attributes:
        clusters: result of the last call; None before it. Assign None to detect frames that the
            segmenter does not cluster, such as blank ones.

    Raises:
        ConfigError: if the segmentation method computes no clusters.
    """

    clusters: Clusters | None = None

    def __init__(self, segmenter: Segmenter[Any]) -> None:
        if not hasattr(segmenter, "cluster"):
            raise ConfigError(
                f"{type(segmenter).__name__} computes no clusters, which this protocol measures; "
                "choose another method, such as kmeans_knee"
            )
        self._cluster = segmenter.cluster
        segmenter.cluster = self._record

    def _record(self, features: Features) -> Clusters:
        clusters: Clusters = self._cluster(features)
        self.clusters = clusters
        return clusters
