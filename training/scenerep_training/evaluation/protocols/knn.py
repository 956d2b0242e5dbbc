"""`knn`: k-nearest-neighbor classification of images by frozen features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.framework.protocol import PublishedResult
from scenerep_training.evaluation.framework.registry import register_protocol
from scenerep_training.evaluation.metrics.classification import knn_scores, normalize_features
from scenerep_training.evaluation.probes.classification import (
    Classification,
    Classifier,
    Feature,
)

NEIGHBOR_COUNTS = (10, 20, 100, 200)
TEMPERATURE = 0.07

DINO = "Caron et al., ICCV 2021, ImageNet, per cent"
DINOV2 = "Oquab et al., TMLR 2024, ImageNet, per cent"


@register_protocol
class Knn(Classification):
    """Weighted k-nearest-neighbor classification as in DINO (Caron et al., ICCV 2021; Wu et al.).

    The k = 10, 20, 100 or 200 training images with the highest cosine similarity vote for their
    class with the weight exp(similarity / 0.07); all vote if there are fewer. There is no training.
    A class without any vote is never a hit.

    The published results are of images resized bicubically to 256 pixels and cropped to the central
    224; this protocol does not crop.

    A sample is an image: those of train/CLASS first, which have no metrics, then those of
    val/CLASS. Its feature is the CLS token after the last block, or the mean of the grid without
    one, of the whole image with its shorter side at `resolution`, 224 pixels by default.
    `features.npy` in the run's folder holds every feature, `features.txt` their names in order.
    Misclassified images have a picture.
    """

    name = "knn"
    headline = ("top1_k20", "top5_k20", "top1_k10", "top1_k100", "top1_k200")
    published = (
        PublishedResult("DINO ViT-S/16", {"top1_k20": 74.5}, DINO),
        PublishedResult("DINO ViT-S/8", {"top1_k20": 78.3}, DINO),
        PublishedResult("DINO ViT-B/16", {"top1_k20": 76.1}, DINO),
        PublishedResult("DINO ViT-B/8", {"top1_k20": 77.4}, DINO),
        PublishedResult("DINO ResNet-50", {"top1_k20": 67.5}, DINO),
        PublishedResult("DINOv2 ViT-S/14", {"top1_k20": 79.0}, DINOV2),
    )

    def fit(self, features: Feature, labels: NDArray[np.int64]) -> Classifier:
        """Store the normalized features of the training images."""
        train_features, class_count = normalize_features(features), len(self.images.classes)

        def classify(feature: Feature) -> dict[str, NDArray[np.floating]]:
            similarity = train_features @ normalize_features(feature)
            scores = knn_scores(similarity, labels, class_count, NEIGHBOR_COUNTS, TEMPERATURE)
            return {f"_k{k}": votes for k, votes in scores.items()}

        return classify
