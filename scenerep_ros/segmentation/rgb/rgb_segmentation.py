"""Segmentation of frames without depth, from features and color."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Features
from scenerep_ros.ops.connected_components import expand_labels, label_connected_components
from scenerep_ros.ops.working_grid import upsample_nearest, working_grid_step
from scenerep_ros.segmentation.rgb.clutter import is_cluttered, split_clutter
from scenerep_ros.segmentation.rgb.foreground_head import ForegroundLogits
from scenerep_ros.segmentation.rgb.region_merging import merge_similar_regions
from scenerep_ros.segmentation.rgb.room import split_room
from scenerep_ros.segmentation.rgb.saliency import (
    diffuse_attention,
    foreground_mask,
    foreground_probability,
)

Labels = NDArray[np.int32]
Regions = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class RgbSegmentationConstants:
    """Tuned constants of the segmentation without depth."""

    min_border_ratio: float = tuned(
        0.25,
        "ratio of the image border that a background region covers, if there is no attention",
        set_on="not recorded",
    )
    max_growth_px: int = tuned(
        6,
        "distance that objects grow into small regions beside them",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )


CONSTANTS = RgbSegmentationConstants()


def segment_rgb(
    clusters: Clusters,
    features: Features,
    color: NDArray[np.uint8],
    min_area: float,
    logits: ForegroundLogits | None = None,
) -> Labels:
    """Segment each connected region of similar foreground as an object.

    Foreground is where the diffused CLS attention is high. A convnet has no attention; there the
    clusters that cover much of the image border are background. Clusters of similar features and
    color are merged first: head and body of an animal are often two clusters. In cluttered scenes
    foreground is split into segments of similar features instead.

    Args:
        clusters: clusters of the features.
        features: features of the frame.
        color: (H, W, 3) uint8 RGB.
        min_area: area of the smallest object, as a ratio of the image.
        logits: output of a foreground head, which completes the attention; None without a head.

    Returns:
        (H, W) int32, 1..K; smaller regions belong to the object beside them.
    """
    shape = (color.shape[0], color.shape[1])
    step = working_grid_step(shape)
    # Detect foreground.
    attention = None if features.attention is None else diffuse_attention(features)
    foreground = _detect_foreground(clusters, attention, color, logits)
    working_foreground = foreground[::step, ::step]
    # Split it into regions, on the working grid.
    if attention is not None and is_cluttered(attention):
        regions = split_clutter(features, attention).label_image(shape, step)
    else:
        regions = _merged_clusters(clusters, working_foreground, features, color, step)
    return _label_regions(regions, foreground, min_area)


def segment_room(
    features: Features, logits: ForegroundLogits, color: NDArray[np.uint8], min_area: float
) -> Labels:
    """Segment everything in a room except walls, floor and ceiling into objects.

    Args:
        features: features of the frame.
        logits: output of a foreground head.
        color: (H, W, 3) uint8 RGB.
        min_area: area of the smallest object, as a ratio of the image.

    Returns:
        (H, W) int32, 1..K; smaller regions belong to the object beside them.
    """
    shape = (color.shape[0], color.shape[1])
    probability = expit(logits.furnishing)
    clusters = split_room(features, probability)
    if clusters is None:
        return np.zeros(shape, np.int32)
    regions = clusters.label_image(shape, working_grid_step(shape))
    return _label_regions(regions, foreground_mask(probability, color), min_area)


def _label_regions(regions: Regions, foreground: Mask, min_area: float) -> Labels:
    """Label the connected regions of foreground that are large enough, and absorb the others.

    Args:
        regions: (h, w) int64 on the working grid.
        foreground: (H, W) bool.
        min_area: area of the smallest object, as a ratio of the image.

    Returns:
        (H, W) int32, 1..K; 0 = background.
    """
    shape = (foreground.shape[0], foreground.shape[1])
    step = working_grid_step(shape)
    working_foreground = foreground[::step, ::step]
    min_area_px = min_area * working_foreground.size
    labels = label_connected_components(regions * working_foreground, min_area_px)
    labels = _absorb_small_regions(labels, working_foreground)
    # Repeat the labels at full resolution, within the finer foreground.
    return upsample_nearest(labels.astype(np.int32), shape) * foreground


def _merged_clusters(
    clusters: Clusters,
    foreground: Mask,
    features: Features,
    color: NDArray[np.uint8],
    step: int,
) -> Regions:
    """Merge similar clusters.

    Args:
        clusters: clusters of the features.
        foreground: (h, w) bool on the working grid.
        features: features of the frame.
        color: (H, W, 3) uint8 RGB.
        step: image pixels from one row or column of the working grid to the next.

    Returns:
        (h, w) int64 on the working grid, 1..K; 0 without foreground.
    """
    labels = clusters.label_image((color.shape[0], color.shape[1]), step)
    merged = merge_similar_regions(
        labels, clusters.label_count, foreground, features, color[::step, ::step]
    )
    return merged[labels]


def _detect_foreground(
    clusters: Clusters,
    attention: NDArray[np.float32] | None,
    color: NDArray[np.uint8],
    logits: ForegroundLogits | None,
) -> Mask:
    """Detect foreground by attention and by the background cluster, as far as they exist.

    Args:
        clusters: clusters of the features.
        attention: (h, w) float32, relative to the image's mean; None for a convnet.
        color: (H, W, 3) uint8 RGB.
        logits: output of a foreground head, or None.

    Returns:
        (H, W) bool.
    """
    shape = (color.shape[0], color.shape[1])
    if attention is None:
        labels = clusters.label_image(shape)
        is_background = _covers_border(labels, clusters.label_count)
        return ~is_background[labels] & (labels > 0)
    foreground = foreground_mask(foreground_probability(attention, logits), color)
    if clusters.background is None:
        return foreground
    return foreground & (clusters.label_image(shape) > 0)


def _absorb_small_regions(labels: Regions, foreground: Mask) -> Regions:
    """Grow labels (h, w) into unlabelled foreground (h, w) and the ring of one pixel around it."""
    dilated = cv2.dilate(foreground.astype(np.uint8), np.ones((3, 3), np.uint8))
    return expand_labels(labels, dilated > 0, CONSTANTS.max_growth_px)


def _covers_border(labels: Regions, count: int) -> Mask:
    """Find the labels that cover much of the image border, or most of it.

    Args:
        labels: (H, W) int64, 0..count - 1.
        count: number of labels.

    Returns:
        (count,) bool.
    """
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    ratio = np.bincount(border, minlength=count) / len(border)
    return ratio >= min(ratio.max(), CONSTANTS.min_border_ratio)
