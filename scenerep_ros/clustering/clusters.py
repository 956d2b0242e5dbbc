"""Result of a clustering method, and its label image."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.ops.upsample import upsample_scores


@dataclass(frozen=True)
class Clusters:
    """Soft assignment of the patches of one feature grid to K clusters.

    Attributes:
        scores: (K, h, w) float32, score of each patch for each cluster; larger is better. Scores
            are interpolated to full resolution before the best one is taken, so borders are smooth.
        background: index of the cluster that the method itself identifies as background, or None.
    """

    scores: NDArray[np.float32]
    background: int | None = None

    @property
    def label_count(self) -> int:
        """Number of labels of `label_image`, 0 included."""
        return len(self.scores) + (self.background is None)

    def label_image(self, shape: tuple[int, int], step: int = 1) -> NDArray[np.int64]:
        """Assign each pixel to the cluster with the best interpolated score.

        Args:
            shape: height and width of the image [px].
            step: distance of the labelled pixels, both ways [px].

        Returns:
            (H / step, W / step) int64: 0 for the background cluster, 1, 2, ... for the others in
            their order. A cluster that is best nowhere has no pixel.
        """
        scores = upsample_scores(self.scores, shape, step)
        # OpenCV finds the best of many planes in half the time of numpy's argmax.
        indices = cv2.reduceArgMax(scores.reshape(len(scores), -1), axis=0)
        best = indices.reshape(scores.shape[1:]).astype(np.int64)
        if self.background is None:
            return best + 1
        return np.where(best == self.background, 0, best + (best < self.background))
