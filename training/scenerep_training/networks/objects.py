"""Objects of a view: found by K-Means in the view that spans it, aligned, and pooled."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.amp import autocast
from torchvision.ops import roi_align

from scenerep_ros.clustering.kmeans.sweep import affinity, kmeans_sweep

LEAST_AREA = 0.5
"""Cells that an object must cover in a view to be there."""


def discover_objects(grids: torch.Tensor, count: int) -> torch.Tensor:
    """Cluster the cells of both images of each pair, together, so that objects carry over.

    Args:
        grids: (B, 2, h, w, C), features; their direction counts.
        count: objects a pair, K.

    Returns:
        (B, 2, K, h, w) float32, 1 where a cell is of the object, else 0.
    """
    points = F.normalize(grids.detach().float().flatten(1, 3), dim=-1)
    members = torch.stack([_cluster(pair, count) for pair in points])
    masks = F.one_hot(members, count).unflatten(1, grids.shape[1:4])
    return masks.permute(0, 1, 4, 2, 3).float()


def align_masks(
    masks: torch.Tensor, boxes: torch.Tensor, flips: torch.Tensor, cells: int
) -> torch.Tensor:
    """Cut masks of spanning views as the views were cut from these.

    Args:
        masks: (N, K, h, w), of the spanning views.
        boxes: (N, 4), left, top, right, bottom of each view in its spanning view, 0 to 1.
        flips: (N,) bool, whether the view is mirrored, left to right.
        cells: a side of the view's grid, g.

    Returns:
        (N, K, g, g) float32, share of each cell of the view that is the object's.
    """
    height, width = masks.shape[-2:]
    edges = boxes * boxes.new_tensor([width, height, width, height])
    items = torch.arange(len(boxes), device=boxes.device, dtype=edges.dtype)[:, None]
    cut = roi_align(
        masks.float(), torch.cat([items, edges], 1), cells, sampling_ratio=4, aligned=True
    )
    return torch.where(flips[:, None, None, None], cut.flip(-1), cut)


def pool_objects(grids: torch.Tensor, masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean feature of each object.

    Args:
        grids: (N, g, g, C), features of views.
        masks: (N, K, g, g), shares of their cells.

    Returns:
        (N, K, C) float32, and (N, K) bool, whether the object is in the view; the feature of one that is
        not is the whole view's, so that shapes and statistics of a batch stay usual.
    """
    weights, cells = masks.flatten(2), grids.float().flatten(1, 2)
    present = weights.sum(-1) >= LEAST_AREA
    weights = torch.where(present[..., None], weights, 1.0)
    shares = weights / weights.sum(-1, keepdim=True)
    with autocast(cells.device.type, enabled=False):
        return shares @ cells, present


def _cluster(points: torch.Tensor, count: int) -> torch.Tensor:
    with autocast(points.device.type, enabled=False):
        (centers,) = kmeans_sweep(points, (count,)).centers
        return affinity(points, centers).argmax(0)
