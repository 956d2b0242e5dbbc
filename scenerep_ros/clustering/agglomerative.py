"""Method `agglomeration`: cells are joined, the most alike first, until what is left differs."""

from __future__ import annotations

import torch

from scenerep_ros.clustering.affinity import vote, weigh
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.clustering.linkage import average, linkage
from scenerep_ros.config.options import SegmentationOptions
from scenerep_ros.frames import Clusters, Features


class Agglomeration:
    """Average linkage by cosine distance (Sokal and Michener 1958), up to `link_distance`.

    It may end later, where more than `max_clusters` would be left.
    """

    def __init__(self, options: SegmentationOptions) -> None:
        self.options = options

    def __call__(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        rows, columns = features.grid.shape[:2]
        points = feature_points(features, self.options.pca)
        return vote(weigh(points), self._names(points), (rows, columns))

    def _names(self, points: torch.Tensor) -> torch.Tensor:
        """Name (N,) the cluster of each point, 0..K - 1."""
        tree = linkage(points, average)
        return tree.cut(self.options.link_distance, self.options.max_clusters)
