"""Result of a clustering method, and its label image."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_ros.ops.upsample import upsample_scores


@dataclass(frozen=True)
class Clusters:
    """Soft assignment of the patches of one feature grid to K clusters.

    Attributes:
        scores: (K, h, w) float32, score of each patch for each cluster; larger is better. Scores
            are interpolated to full resolution before the best one is taken, so borders are smooth.
        background: index of the cluster that the method itself identifies as background, or None.
    """

    scores: torch.Tensor
    background: int | None = None

    @property
    def label_count(self) -> int:
        """Number of labels of `label_image`, 0 included."""
        return len(self.scores) + (self.background is None)

    def label_image(self, shape: tuple[int, int], step: int = 1) -> torch.Tensor:
        """Assign each pixel to the cluster with the best interpolated score.

        Args:
            shape: height and width of the image [px].
            step: distance of the labelled pixels, both ways [px].

        Returns:
            (H / step, W / step) int64 on the scores' device: 0 for the background cluster, 1, 2, ...
            for the others in their order. A cluster that is best nowhere has no pixel.
        """
        best = upsample_scores(self.scores, shape, step).max(dim=0).indices
        if self.background is None:
            return best + 1
        return torch.where(best == self.background, 0, best + (best < self.background))
