"""Crowds and clutter: foreground without depth in which no thing stands out."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from torch.nn.functional import avg_pool2d, normalize

from scenerep_ros.frames import Clusters, Features
from scenerep_ros.segmentation.foreground import NOTICED
from scenerep_ros.segmentation.pieces import grow
from scenerep_ros.segmentation.points import feature_points

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

STANDS_OUT = 2.0
"""Times the attention to the rest from which foreground is a few things, each in one piece. Of
DAVIS and ECSSD, foreground gets 1.3 to 1.9 times as much in most frames of the crowd of breakdance
and 2.3 times and more in all other images."""
PART = 0.08
"""Share of the image that a part of a crowd takes on average."""
PLACE = 2.0
"""Weight of a cell's place, in lengths of the image's longer side, beside its feature."""

MARGIN = 3
"""Cells that parts are continued beyond foreground, whose border is finer than cells."""


def crowded(attention: Floats) -> bool:
    """Whether attention (h, w) is spread over many things, rather than drawn by a few."""
    foreground = attention > NOTICED
    if not foreground.any() or foreground.all():
        return False
    return bool(attention[foreground].mean() < STANDS_OUT * attention[~foreground].mean())


def crowd_parts(features: Features, attention: Floats) -> Clusters:
    """Cut foreground into parts of like look and place, about as large as things in a crowd are.

    By Ward's linkage ("Hierarchical grouping to optimize an objective function", 1963). What all of
    the crowd shares is taken off the features first.

    Args:
        features: grid (h, w, C).
        attention: (h, w) float32, times the image's average, more than `NOTICED` somewhere.

    Returns:
        Scores of 0 or 1.
    """
    foreground = attention > NOTICED
    count = max(1, round(foreground.mean() / PART))
    names = np.zeros(foreground.shape, np.int32)
    names[foreground] = _ward(_points(features, foreground), count)
    everywhere, level = np.ones_like(foreground), np.zeros(names.shape, np.float32)
    names = grow(names, everywhere, level, gap=1.0, reach=MARGIN)
    scores = names == np.arange(1, count + 1)[:, None, None]
    return Clusters(torch.from_numpy(scores.astype(np.float32)))


def _points(features: Features, foreground: Mask) -> torch.Tensor:
    """Look, smoothed over 3x3 cells, and place (N, C + 2) of the N cells of foreground."""
    inside = torch.from_numpy(foreground).to(features.grid.device)
    look = feature_points(features, components=0).unflatten(0, foreground.shape)
    look = (look - look[inside].mean(dim=0)) * inside[..., None]
    look = avg_pool2d(look.permute(2, 0, 1), 3, stride=1, padding=1).permute(1, 2, 0)[inside]
    place = inside.nonzero() * (PLACE / max(foreground.shape))
    return torch.cat([normalize(look, dim=1), place], dim=1)


def _ward(points: torch.Tensor, count: int) -> Labels:
    """Name (N,) the part of each point, 1..count."""
    if len(points) == 1:
        return np.ones(1, np.int32)
    distance = torch.cdist(points, points).fill_diagonal_(0).double().cpu().numpy()
    tree = linkage(squareform(distance, checks=False), "ward")
    return fcluster(tree, count, "maxclust").astype(np.int32)
