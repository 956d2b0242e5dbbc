"""Objects from features alone, for frames without depth."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.frames import Features
from scenerep_ros.ops.connected_components import expand_labels, label_connected_components
from scenerep_ros.ops.working_grid import working_grid_step
from scenerep_ros.segmentation.rgb.clutter import crowd_parts, crowded
from scenerep_ros.segmentation.rgb.region_merging import join_regions
from scenerep_ros.segmentation.rgb.saliency import noticed, to_pixels, walked_attention

Labels = NDArray[np.int32]

BORDER_SHARE = 0.25
"""Of the image's border from which a region is background, where there is no attention."""
ABSORB = 6
"""Pixels of the coarse grid that pieces grow into smaller ones beside them."""


def cut_regions(
    clusters: Clusters, features: Features, color: NDArray[np.uint8], min_area: float
) -> Labels:
    """Make each connected piece of foreground, in regions that look alike, an object.

    Foreground is what the CLS token attends to (`foreground.noticed`); a convnet has none, and
    there it is what holds little of the image's border. Regions that look alike are taken together
    first (`join_regions`): head and body of an animal are two clusters. Where no thing stands out,
    foreground is cut into the parts of a crowd instead (`crowd_parts`).

    All of it happens on the features' device, from which only the labels come back.

    Args:
        clusters: of the features.
        features: of the frame.
        color: (H, W, 3) uint8.
        min_area: smallest object, as a share of the image.

    Returns:
        (H, W) int32, 1..K; pieces that are too small belong to the object beside them.
    """
    shape = (color.shape[0], color.shape[1])
    step = working_grid_step(shape)
    attention = None if features.attention is None else walked_attention(features)
    foreground = _foreground(clusters, attention, color)
    within = foreground[::step, ::step]
    if attention is not None and crowded(attention):
        things = crowd_parts(features, attention).label_image(shape, step)
    else:
        regions = clusters.label_image(shape, step)
        count = clusters.label_count
        names = join_regions(regions, count, within, features, color[::step, ::step])
        things = names.index_select(0, regions.flatten()).view_as(regions)
    labels = _absorb_small(
        label_connected_components(things * within, min_area * within.numel()), within
    )
    wide = labels.int()[:, None, :, None].expand(-1, step, -1, step).flatten(2).flatten(0, 1)
    return (wide[: shape[0], : shape[1]] * foreground).cpu().numpy()


def _foreground(
    clusters: Clusters, attention: torch.Tensor | None, color: NDArray[np.uint8]
) -> torch.Tensor:
    """Mask (H, W) of what is no background, neither by attention nor by what clusters say of it."""
    if attention is not None and clusters.background is None:
        return to_pixels(noticed(attention), color)
    regions = clusters.label_image((color.shape[0], color.shape[1]))
    if attention is None:
        surrounding = _surrounding(regions, clusters.label_count)
        return ~surrounding[regions] & (regions > 0)
    return to_pixels(noticed(attention), color) & (regions > 0)


def _absorb_small(labels: torch.Tensor, foreground: torch.Tensor) -> torch.Tensor:
    """Grow pieces (H, W) into what else is foreground, and a rim of one pixel around it."""
    rim = foreground.clone()
    rim[1:] |= foreground[:-1]
    rim[:-1] |= foreground[1:]
    across = rim.clone()
    across[:, 1:] |= rim[:, :-1]
    across[:, :-1] |= rim[:, 1:]
    return expand_labels(labels, across, ABSORB)


def _surrounding(regions: torch.Tensor, count: int) -> torch.Tensor:
    """Tell the regions (count,) that hold much of the image's border, or the most of it."""
    border = torch.cat([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    ones = torch.ones(len(border), device=regions.device)
    held = torch.zeros(count, device=regions.device).scatter_add_(0, border, ones) / len(border)
    return held >= held.max().clamp_max(BORDER_SHARE)
