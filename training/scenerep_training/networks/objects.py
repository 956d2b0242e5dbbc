"""Object discovery by K-Means, alignment of object masks with crops, and pooling of their features."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch.amp import autocast
from torchvision.ops import roi_align

from scenerep_ros.clustering.kmeans.sweep import center_scores, kmeans_sweep

MIN_OBJECT_PATCHES = 0.5
"""Area, in patches, that an object must cover in a view to be present there."""


def discover_objects(grids: torch.Tensor, count: int) -> torch.Tensor:
    """Cluster the patches of both images of each pair together, so that objects correspond.

    Args:
        grids: (B, 2, h, w, C) features; only their directions matter.
        count: number of objects per pair, K.

    Returns:
        (B, 2, K, h, w) float32 masks: 1 for patches of the object, else 0.
    """
    points = F.normalize(grids.detach().float().flatten(1, 3), dim=-1).cpu().numpy()
    labels = torch.from_numpy(np.stack([_cluster(pair, count) for pair in points]))
    masks = F.one_hot(labels.to(grids.device), count).unflatten(1, grids.shape[1:4])
    return masks.permute(0, 1, 4, 2, 3).float()


def align_masks(
    masks: torch.Tensor, boxes: torch.Tensor, flips: torch.Tensor, grid_size: int
) -> torch.Tensor:
    """Crop and mirror masks of spanning views like the views themselves.

    Args:
        masks: (N, K, h, w) masks of the spanning views.
        boxes: (N, 4) left, top, right, bottom of each view in its spanning view, 0 to 1.
        flips: (N,) bool, true for views that are mirrored horizontally.
        grid_size: patches along a side of the view's grid, g.

    Returns:
        (N, K, g, g) float32, share of each patch that the object covers.
    """
    height, width = masks.shape[-2:]
    edges = boxes * boxes.new_tensor([width, height, width, height])
    # roi_align takes rows of batch index, left, top, right, bottom.
    batch_index = torch.arange(len(boxes), device=boxes.device, dtype=edges.dtype)[:, None]
    cropped = roi_align(
        masks.float(), torch.cat([batch_index, edges], 1), grid_size, sampling_ratio=4, aligned=True
    )
    return torch.where(flips[:, None, None, None], cropped.flip(-1), cropped)


def pool_objects(grids: torch.Tensor, masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Average the features of each object.

    Args:
        grids: (N, g, g, C) features of the views.
        masks: (N, K, g, g) share of each patch that the object covers.

    Returns:
        Features (N, K, C) float32, and (N, K) bool, true for objects that are present in the view.
        An absent object has the mean feature of the view, which keeps shapes and batch statistics.
    """
    weights, features = masks.flatten(2), grids.float().flatten(1, 2)
    is_present = weights.sum(-1) >= MIN_OBJECT_PATCHES
    weights = torch.where(is_present[..., None], weights, 1.0)
    weights = weights / weights.sum(-1, keepdim=True)
    with autocast(features.device.type, enabled=False):
        return weights @ features, is_present


def _cluster(points: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the cluster (N,) of each point (N, C)."""
    (centers,) = kmeans_sweep(points, (count,)).centers
    return center_scores(points, centers).argmax(0)
