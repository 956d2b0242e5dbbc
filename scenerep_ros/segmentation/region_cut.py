"""Objects from features alone, for frames without depth."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import Features
from scenerep_ros.segmentation.coarse import coarse_step, widened
from scenerep_ros.segmentation.crowd import crowd_parts, crowded
from scenerep_ros.segmentation.foreground import noticed, to_pixels, walked_attention
from scenerep_ros.segmentation.pieces import connected_pieces, grow, keep_large
from scenerep_ros.segmentation.region_joining import join_regions
from scenerep_ros.segmentation.upsampling import cluster_regions

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

BORDER_SHARE = 0.25
"""Of the image's border from which a region is background, where there is no attention."""
ABSORB = 6
"""Pixels of the coarse grid that pieces grow into smaller ones beside them."""


def cut_regions(
    regions: Labels, features: Features, color: NDArray[np.uint8], min_area: float
) -> Labels:
    """Make each connected piece of foreground, in regions that look alike, an object.

    Foreground is what the CLS token attends to (`foreground.noticed`); a convnet has none, and
    there it is what holds little of the image's border. Regions that look alike are taken together
    first (`join_regions`): head and body of an animal are two clusters. Where no thing stands out,
    foreground is cut into the parts of a crowd instead (`crowd_parts`).

    Args:
        regions: (H, W) int32, 0 = what the clustering itself calls background.
        features: of the frame.
        color: (H, W, 3) uint8.
        min_area: smallest object, as a share of the image.

    Returns:
        (H, W) int32, 1..K; pieces that are too small belong to the object beside them.
    """
    attention = None if features.attention is None else walked_attention(features)
    if attention is None:
        foreground = (~_surrounding(regions))[regions]
    else:
        foreground = to_pixels(noticed(attention), color)
    foreground &= regions > 0
    step = coarse_step(regions.shape)
    regions, within = regions[::step, ::step], foreground[::step, ::step]
    if attention is not None and crowded(attention):
        things = cluster_regions(crowd_parts(features, attention), within.shape)
    else:
        things = join_regions(regions, within, features, color[::step, ::step])[regions]
    labels = _label(np.where(within, things, 0), within, min_area)
    return np.where(foreground, widened(labels, foreground.shape), 0)


def _label(things: Labels, foreground: Mask, min_area: float) -> Labels:
    """Number the connected pieces of things, and a rim of one pixel around foreground."""
    labels = np.zeros_like(things)
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
