"""Which regions of one image are parts of one thing, without depth: by their look and colour."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from torch.nn.functional import normalize

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.cells import cell_shares
from scenerep_ros.segmentation.points import feature_points

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

ALIKE = 0.5
"""Cosine similarity from which two regions are parts of one thing, without what all of the image
shares."""
VERY_ALIKE = 0.8
"""The same with it: where a thing fills the image, what the image shares is its own look."""
OTHER_COLOR = 30.0
"""Distance in CIELAB between the median colours of two regions from which they are no one thing.
Of touching regions in DAVIS, those of one thing have at most 20, two thirds of the others more than
30."""


def join_regions(
    regions: Labels, foreground: Mask, features: Features, color: NDArray[np.uint8]
) -> Labels:
    """Give regions that look like parts of one thing one number.

    Args:
        regions: (H, W) int32, 0..K.
        foreground: (H, W) bool, the pixels that count.
        features: grid (h, w, C).
        color: (H, W, 3) uint8.

    Returns:
        (K + 1,) int32, the number of each region, 1..; 0 for those without foreground.
    """
    rows, columns = features.grid.shape[:2]
    shares = cell_shares(regions, foreground, (rows, columns))
    present = shares.sum(axis=0) > 0
    points = feature_points(features, components=0)
    joined = _look_alike(shares, points) & _near(_colors(regions, foreground, color))
    _, names = connected_components(joined & present & present[:, None], directed=False)
    _, compact = np.unique(names[present], return_inverse=True)
    numbers = np.zeros(len(present), np.int32)
    numbers[present] = compact + 1
    return numbers


def _look_alike(shares: Floats, points: torch.Tensor) -> Mask:
    """(K + 1, K + 1): whether two regions have like features."""
    weights = torch.from_numpy(shares.T.copy()).to(points.device)
    own = normalize(weights @ (points - points.mean(dim=0)), dim=1)
    whole = normalize(weights @ points, dim=1)
    return ((own @ own.T > ALIKE) | (whole @ whole.T > VERY_ALIKE)).cpu().numpy()


def _colors(regions: Labels, foreground: Mask, color: NDArray[np.uint8]) -> Floats:
    """Median CIELAB colour (K + 1, 3) of each region's foreground."""
    named = regions[foreground]
    pixels = color[foreground].astype(np.float32)[None] / np.float32(255)
    colors = np.zeros((int(regions.max()) + 1, 3), np.float32)
    if len(named):
        lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0]
        for region in np.unique(named):
            colors[region] = np.median(lab[named == region], axis=0)
    return colors


def _near(colors: Floats) -> Mask:
    return np.linalg.norm(colors[:, None] - colors, axis=2) < OTHER_COLOR
