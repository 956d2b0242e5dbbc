"""From a feature grid to the points that K-Means clusters, and back to scores on the grid."""

from __future__ import annotations

import torch
from torch.nn.functional import normalize

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.kmeans.sweep import affinity
from scenerep_ros.clustering.projection import pca
from scenerep_ros.frames import Features


def feature_points(features: Features, components: int) -> torch.Tensor:
    """Unit-length features, one row a cell; reduced to their principal components if asked to.

    Values that are not finite count as 0. Unit length because a self-supervised ViT says what a
    patch shows by the direction of its feature. Measured with DINOv2 ViT-S/14 at 34 rows, the mean
    IoU of the best of 8 clusters with each object of 23 table-top images was 0.477 for unit length
    and 0.453 for raw features; of the best of 3 on 30 DAVIS-2016 frames 0.630 and 0.579. Features
    centred before they get unit length were worse (0.410, 0.353); PCA changed little (0.468, 0.629).

    Args:
        features: grid (h, w, C).
        components: principal components to keep; 0 keeps all dimensions.

    Returns:
        (h w, C) float32, on the features' device.
    """
    grid = torch.nan_to_num(features.grid.float(), nan=0.0, posinf=0.0, neginf=0.0)
    points = normalize(grid.flatten(0, 1), dim=1)
    return pca(points, components) if components else points


def center_clusters(points: torch.Tensor, centers: torch.Tensor, features: Features) -> Clusters:
    """Score every cell of the grid against K-Means' centres (k, C)."""
    h, w = features.grid.shape[:2]
    return Clusters(affinity(points, centers).unflatten(1, (h, w)))
