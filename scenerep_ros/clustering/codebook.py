"""Codebook: cluster centers of a whole recording, so that a cluster means the same in every frame.

As in visual words (Sivic, Zisserman, ICCV 2003), K-Means runs once on the patches of many frames,
and each patch of a frame belongs to the nearest center. The centers lie beside the weights that
computed the features, since they fit no others.
"""

from __future__ import annotations

from pathlib import Path

import torch

from scenerep_ros.backbones.weights.checkpoint import find_companion, read_checkpoint
from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.feature_points import clusters_from_centers, feature_points
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.frames import Features

CODEBOOK_FOLDER = "codebook"
"""Folder of a codebook beside the weights of its backbone."""
CENTERS = "centers"
"""Name of the tensor (K, C) in the codebook's checkpoint."""


def load_codebook(options: BackboneOptions) -> torch.Tensor | None:
    """Load the codebook of a checkpoint.

    Returns:
        (K, C) float32 centers of unit-length features, on the CPU; None if the weights have none.

    Raises:
        WeightsError: if a file is missing, truncated or modified.
    """
    folder = find_codebook(options.weights)
    return None if folder is None else read_checkpoint(folder)[1][CENTERS].float()


def find_codebook(weights: str | Path) -> Path | None:
    """Return the folder of the codebook of a checkpoint or an export; None if it has none."""
    return find_companion(weights, CODEBOOK_FOLDER)


def codebook_clusters(features: Features, centers: torch.Tensor) -> Clusters:
    """Score each patch for the centers of a codebook.

    Args:
        features: features of one image.
        centers: (K, C) float32.
    """
    points = feature_points(features, components=0)
    return clusters_from_centers(points, centers.to(points.device), features)
