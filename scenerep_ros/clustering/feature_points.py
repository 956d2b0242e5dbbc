"""Conversion of a feature grid to points, and of cluster centers to scores on the grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.kmeans.sweep import center_scores
from scenerep_ros.clustering.projection import pca
from scenerep_ros.frames import Features
from scenerep_ros.ops.unit_vectors import unit_rows


def feature_points(features: Features, components: int) -> NDArray[np.float32]:
    """Normalize the features to unit length and optionally reduce their dimensions.

    A self-supervised ViT encodes the content of a patch in the direction of its feature. Measured
    with DINOv2 ViT-S/14 at 34 rows, the mean IoU of the best of 8 clusters with each object of 23
    table-top images was 0.477 for unit length and 0.453 for raw features; of the best of 3 on 30
    DAVIS-2016 frames 0.630 and 0.579. Centering before the normalization was worse (0.410, 0.353);
    PCA changed little (0.468, 0.629).

    Args:
        features: grid (h, w, C); values that are not finite count as 0.
        components: principal components to keep; 0 keeps all dimensions.

    Returns:
        (h w, C) or (h w, components) float32, one row a patch.
    """
    points = features.grid.reshape(-1, features.grid.shape[2])
    is_finite = np.isfinite(points)
    if not is_finite.all():
        points = np.where(is_finite, points, np.float32(0))
    points = unit_rows(points)
    return pca(points, components) if components else points


def clusters_from_centers(
    points: NDArray[np.float32], centers: NDArray[np.float32], features: Features
) -> Clusters:
    """Score every patch of the grid for each cluster center.

    Args:
        points: (h w, C) float32, one row a patch.
        centers: (K, C) float32.
        features: grid (h, w, C) that the points are made of.
    """
    return Clusters(center_scores(points, centers).reshape(-1, *features.grid.shape[:2]))
