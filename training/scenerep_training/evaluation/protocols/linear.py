"""`linear`: linear classification of images by frozen features."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_training.evaluation.framework.protocol import PublishedResult
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.evaluation.probes.classification import (
    Classification,
    Classifier,
    Feature,
)
from scenerep_training.evaluation.probes.linear_probe import LinearProbe

DINO = "Caron et al., ICCV 2021, ImageNet, per cent"
DINOV2 = "Oquab et al., TMLR 2024, ImageNet, per cent"


@register_protocol
class Linear(Classification):
    """Linear probe on frozen features: multinomial logistic regression (`linear_probe`).

    Each channel is standardized to mean 0 and standard deviation 1 over the N training images.
    Weights W and a bias minimize the mean cross-entropy plus `|W|^2 / (2 N)`, found by L-BFGS from
    zero in at most 1000 steps. No hyperparameter is tuned.

    DINO (Caron et al., ICCV 2021) and DINOv2 (Oquab et al., TMLR 2024) train by SGD on augmented
    views and, for small ViTs, on the concatenated CLS tokens of the last four blocks. Expect lower
    accuracy than theirs for the same backbone.

    A sample is an image: those of train/CLASS first, which have no metrics, then those of
    val/CLASS. Its feature is the CLS token after the last block, or the mean of the grid without
    one, of the whole image with its shorter side at `resolution`, 224 pixels by default.
    `features.npy` in the run's folder holds every feature, `features.txt` their names in order.
    Misclassified images have a picture.
    """

    name = "linear"
    headline = ("top1", "top5")
    published = (
        PublishedResult("DINO ViT-S/16", {"top1": 77.0}, DINO),
        PublishedResult("DINO ViT-S/8", {"top1": 79.7}, DINO),
        PublishedResult("DINO ViT-B/16", {"top1": 78.2}, DINO),
        PublishedResult("DINO ViT-B/8", {"top1": 80.1}, DINO),
        PublishedResult("DINO ResNet-50", {"top1": 75.3}, DINO),
        PublishedResult("DINOv2 ViT-S/14", {"top1": 81.1}, DINOV2),
    )

    def fit(self, features: Feature, labels: NDArray[np.int64]) -> Classifier:
        """Fit the probe to the training images."""
        probe = LinearProbe(
            features, labels, len(self.images.classes), torch.device(self.backbone.device)
        )
        return lambda feature: {"": probe(feature)}
