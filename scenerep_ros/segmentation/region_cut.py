"""Objects from features alone, for frames without depth."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.cells import cell_shares
from scenerep_ros.segmentation.coarse import coarse_step, widened
from scenerep_ros.segmentation.foreground import noticed, to_pixels
from scenerep_ros.segmentation.pieces import connected_pieces, grow, keep_large

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

BORDER_SHARE = 0.25
"""Of the image's border from which a region is background, where there is no attention."""
ALIKE = 0.5
"""Cosine similarity from which two regions are parts of one thing."""
ABSORB = 6
"""Pixels of the coarse grid that pieces grow into smaller ones beside them."""


def cut_regions(
    regions: Labels, features: Features, color: NDArray[np.uint8], min_area: float
) -> Labels:
    """Make each connected piece of foreground, in regions of like features, an object.

    Foreground is what the CLS token attends to (`foreground.noticed`); a convnet has none, and
    there it is what holds little of the image's border. Regions of like features are taken together
    first: head and body of an animal are two clusters.

    Args:
        regions: (H, W) int32, 0 = what the clustering itself calls background.
        features: of the frame.
        color: (H, W, 3) uint8.
        min_area: smallest object, as a share of the image.

    Returns:
        (H, W) int32, 1..K; pieces that are too small belong to the object beside them.
    """
    if features.attention is None:
        foreground = (~_surrounding(regions))[regions]
    else:
        foreground = to_pixels(noticed(features), color)
    foreground &= regions > 0
    step = coarse_step(regions.shape)
    labels = _label(regions[::step, ::step], foreground[::step, ::step], features.grid, min_area)
    return np.where(foreground, widened(labels, regions.shape), 0)


def _label(regions: Labels, foreground: Mask, grid: torch.Tensor, min_area: float) -> Labels:
    """Number the objects of the coarse grid, and a rim of one pixel around foreground."""
    shares = cell_shares(regions, foreground, (grid.shape[0], grid.shape[1]))
    things = np.where(foreground, _alike(shares, grid)[regions], 0)
    labels = np.zeros_like(regions)
    for thing in range(1, int(things.max()) + 1):
        pieces = keep_large(connected_pieces(things == thing), min_area)
        labels[pieces > 0] = (pieces + labels.max())[pieces > 0]
    rim = cv2.dilate(foreground.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    nowhere_deeper = np.zeros(labels.shape, np.float32)
    return grow(labels, rim, nowhere_deeper, gap=1.0, reach=ABSORB)


def _surrounding(regions: Labels) -> Mask:
    """Tell the regions (K + 1) that hold much of the image's border, or the most of it."""
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    held = np.bincount(border, minlength=int(regions.max()) + 1) / len(border)
    return held >= min(BORDER_SHARE, held.max())


def _alike(shares: NDArray[np.float32], grid: torch.Tensor) -> Labels:
    """Number the regions (K + 1) that have cells, alike ones equally, 1..; 0 for the others."""
    centred = grid.flatten(0, 1) - grid.flatten(0, 1).mean(dim=0)
    look = torch.from_numpy(shares.T.copy()).to(grid.device) @ centred
    look = torch.nn.functional.normalize(look, dim=1)
    present = shares.sum(axis=0) > 0
    joined = (look @ look.T).cpu().numpy() > ALIKE
    _, names = connected_components(joined & present & present[:, None], directed=False)
    _, compact = np.unique(names[present], return_inverse=True)
    numbers = np.zeros(len(present), np.int32)
    numbers[present] = compact + 1
    return numbers
