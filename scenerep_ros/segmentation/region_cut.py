"""Objects from features alone, for frames without depth."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.cells import cell_shares
from scenerep_ros.segmentation.pieces import connected_pieces, grow, keep_large

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

NOTICED = 1.1
"""Times the image's mean attention from which a region is no background."""
BORDER_SHARE = 0.25
"""Of the image's border from which a region is background, where there is no attention."""
ALIKE = 0.5
"""Cosine similarity from which two regions are parts of one thing."""
ABSORB = 12
"""Pixels that pieces grow into smaller ones beside them."""


def cut_regions(regions: Labels, features: Features, min_area: float) -> Labels:
    """Make each connected piece of a foreground region an object.

    Foreground is what the CLS token attends to more than to the average of the image; a convnet
    has none, and there it is what holds little of the image's border. Foreground regions of like
    features are taken together first: head and body of an animal are two clusters.

    Args:
        regions: (H, W) int32, 0 = what the clustering itself calls background.
        features: of the frame.
        min_area: smallest object, as a share of the image.

    Returns:
        (H, W) int32, 1..K; pieces that are too small belong to the object beside them.
    """
    rows, columns = features.grid.shape[:2]
    shares = cell_shares(regions, np.ones(regions.shape, bool), (rows, columns))
    if features.attention is None:
        foreground = ~_surrounding(regions)
    else:
        foreground = _attended(shares, features.attention) > NOTICED
    foreground[0] = False
    things = _alike(shares, features.grid, foreground)[regions]
    labels = np.zeros_like(regions)
    for thing in range(1, int(things.max()) + 1):
        pieces = keep_large(connected_pieces(things == thing), min_area)
        labels[pieces > 0] = (pieces + labels.max())[pieces > 0]
    nowhere_deeper = np.zeros(labels.shape, np.float32)
    return grow(labels, things > 0, nowhere_deeper, gap=1.0, reach=ABSORB)


def _attended(shares: NDArray[np.float32], attention: torch.Tensor) -> NDArray[np.float32]:
    """Mean attention (K + 1) of each region over the heads; 1 is the image's average."""
    heads = attention.flatten(1).float()
    mean = (heads / heads.mean(dim=1, keepdim=True).clamp_min(1e-12)).mean(dim=0).cpu().numpy()
    return mean @ shares / np.maximum(shares.sum(axis=0), 1e-6)


def _surrounding(regions: Labels) -> Mask:
    """Tell the regions (K + 1) that hold much of the image's border, or the most of it."""
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    held = np.bincount(border, minlength=int(regions.max()) + 1) / len(border)
    return held >= min(BORDER_SHARE, held.max())


def _alike(shares: NDArray[np.float32], grid: torch.Tensor, foreground: Mask) -> Labels:
    """Number the foreground regions (K + 1), alike ones equally, 1..; 0 for the others."""
    centred = grid.flatten(0, 1) - grid.flatten(0, 1).mean(dim=0)
    look = torch.from_numpy(shares.T.copy()).to(grid.device) @ centred
    look = torch.nn.functional.normalize(look, dim=1)
    joined = (look @ look.T).cpu().numpy() > ALIKE
    joined &= foreground[:, None] & foreground
    _, names = connected_components(joined, directed=False)
    _, compact = np.unique(names[foreground], return_inverse=True)
    numbers = np.zeros(len(foreground), np.int32)
    numbers[foreground] = compact + 1
    return numbers
