"""Crowds and clutter: foreground without depth in which no thing stands out."""

from __future__ import annotations

import torch
from torch.nn.functional import avg_pool2d, normalize

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.clustering.linkage import linkage, ward
from scenerep_ros.frames import Features
from scenerep_ros.ops.connected_components import expand_labels
from scenerep_ros.segmentation.rgb.saliency import NOTICED

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


def crowded(attention: torch.Tensor) -> bool:
    """Whether attention (h, w) is spread over many things, rather than drawn by a few."""
    foreground = attention > NOTICED
    level, rest = (
        (attention * there).sum() / there.sum() for there in (foreground, ~foreground)
    )  # of nothing: not a number, which is less than none
    return bool(level < STANDS_OUT * rest)


def crowd_parts(features: Features, attention: torch.Tensor) -> Clusters:
    """Cut foreground into parts of like look and place, about as large as things in a crowd are.

    By Ward's linkage. What all of the crowd shares is taken off the features first.

    Args:
        features: grid (h, w, C).
        attention: (h, w) float32, times the image's average, more than `NOTICED` somewhere.

    Returns:
        Scores of 0 or 1.
    """
    foreground = attention > NOTICED
    cells = foreground.flatten().nonzero()[:, 0]
    count = max(1, round(len(cells) / attention.numel() / PART))
    names = torch.zeros_like(attention, dtype=torch.int64)
    tree = linkage(_points(features, foreground, cells), ward)
    names.view(-1)[cells] = 1 + tree.cut(height=-1.0, most=count)
    names = expand_labels(names, torch.ones_like(foreground), MARGIN)
    numbers = torch.arange(1, count + 1, device=names.device)
    return Clusters((names == numbers[:, None, None]).float())


def _points(features: Features, foreground: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """Look, smoothed over 3x3 cells, and place (N, C + 2) of the N cells of foreground."""
    look = feature_points(features, components=0)
    look = (look - look[cells].mean(dim=0)) * foreground.flatten()[:, None]
    look = avg_pool2d(look.T.unflatten(1, foreground.shape), 3, stride=1, padding=1)
    look = normalize(look.flatten(1).T[cells], dim=1)
    columns = foreground.shape[1]
    place = torch.stack([cells // columns, cells % columns], dim=1)
    return torch.cat([look, place * (PLACE / max(foreground.shape))], dim=1)
