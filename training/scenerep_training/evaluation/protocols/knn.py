"""`knn`: whether images of one class lie near each other in a backbone's features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.framework.protocol import Published
from scenerep_training.evaluation.metrics.classification import knn_scores, normalize_features
from scenerep_training.evaluation.protocols.classification import (
    Classification,
    Classifier,
    Feature,
)

COUNTS = (10, 20, 100, 200)
TEMPERATURE = 0.07

DINO = "Caron et al., ICCV 2021, ImageNet, per cent"
DINOV2 = "Oquab et al., TMLR 2024, ImageNet, per cent"


class Knn(Classification):
    """Weighted k-nearest-neighbour classification, as DINO's (Caron et al., ICCV 2021; Wu et al.).

    The 10, 20, 100 or 200 training images whose features have the greatest cosine with the image's
    own vote for their class with the weight exp(cosine / 0.07); with fewer training images all of
    them vote. Nothing is trained. A class without any vote never counts as a hit.

    The published figures are of images resized bicubically to 256 pixels and cropped to the central
    224, which is not done here.

    A sample is an image: those of train/CLASS first, which have no figures, then those of val/CLASS.
    Its feature is the CLS token after the last block, or the mean of the grid where there is none,
    of the whole image, uncropped, with its shorter side at `resolution`, 224 pixels by default.
    `features.npy` in the run's folder keeps every feature, `features.txt` their names in order.
    Images that are taken for another class leave a picture.
    """

    name = "knn"
    headline = ("top1_k20", "top5_k20", "top1_k10", "top1_k100", "top1_k200")
    published = (
        Published("DINO ViT-S/16", {"top1_k20": 74.5}, DINO),
        Published("DINO ViT-S/8", {"top1_k20": 78.3}, DINO),
        Published("DINO ViT-B/16", {"top1_k20": 76.1}, DINO),
        Published("DINO ViT-B/8", {"top1_k20": 77.4}, DINO),
        Published("DINO ResNet-50", {"top1_k20": 67.5}, DINO),
        Published("DINOv2 ViT-S/14", {"top1_k20": 79.0}, DINOV2),
    )

    def fit(self, features: Feature, labels: NDArray[np.int64]) -> Classifier:
        """Keep the training images' features, all of length 1."""
        known, classes = normalize_features(features), len(self.images.classes)

        def classify(feature: Feature) -> dict[str, NDArray[np.floating]]:
            similarity = known @ normalize_features(feature)
            scores = knn_scores(similarity, labels, classes, COUNTS, TEMPERATURE)
            return {f"_k{k}": votes for k, votes in scores.items()}

        return classify
