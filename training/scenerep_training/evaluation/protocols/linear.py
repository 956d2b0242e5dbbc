"""`linear`: whether a linear classifier on frozen features tells classes of images apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.framework.protocol import Published
from scenerep_training.evaluation.protocols.classification import (
    Classification,
    Classifier,
    Feature,
)
from scenerep_training.evaluation.protocols.linear_probe import LinearProbe

DINO = "Caron et al., ICCV 2021, ImageNet, per cent"
DINOV2 = "Oquab et al., TMLR 2024, ImageNet, per cent"


class Linear(Classification):
    """Linear probe on frozen features: multinomial logistic regression (`linear_probe`).

    With each channel brought to mean 0 and standard deviation 1 over the N training images, weights
    W and a bias minimise the mean cross-entropy plus |W|^2 / (2 N), found by L-BFGS from zero, at
    most 1000 steps. Nothing is tuned, least of all on the validation images.

    DINO (Caron et al., ICCV 2021) and DINOv2 (Oquab et al., TMLR 2024) did more: SGD over augmented
    views of the training images, and, with small ViTs, the CLS tokens of the last four blocks side
    by side. Expect less than theirs for the same backbone.

    A sample is an image: those of train/CLASS first, which have no figures, then those of val/CLASS.
    Its feature is the CLS token after the last block, or the mean of the grid where there is none,
    of the whole image, uncropped, with its shorter side at `resolution`, 224 pixels by default.
    `features.npy` in the run's folder keeps every feature, `features.txt` their names in order.
    Images that are taken for another class leave a picture.
    """

    name = "linear"
    headline = ("top1", "top5")
    published = (
        Published("DINO ViT-S/16", {"top1": 77.0}, DINO),
        Published("DINO ViT-S/8", {"top1": 79.7}, DINO),
        Published("DINO ViT-B/16", {"top1": 78.2}, DINO),
        Published("DINO ViT-B/8", {"top1": 80.1}, DINO),
        Published("DINO ResNet-50", {"top1": 75.3}, DINO),
        Published("DINOv2 ViT-S/14", {"top1": 81.1}, DINOV2),
    )

    def fit(self, features: Feature, labels: NDArray[np.int64]) -> Classifier:
        """Fit the probe to the training images."""
        probe = LinearProbe(features, labels, len(self.images.classes), self.backbone.device)
        return lambda feature: {"": probe(feature)}
