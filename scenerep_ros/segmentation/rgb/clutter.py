"""Cluttered scenes without depth: many objects, none of which stands out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.clustering.linkage import linkage
from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Features
from scenerep_ros.ops.unit_vectors import unit_rows
from scenerep_ros.segmentation.rgb.patch_segments import append_positions, clusters_from_segments
from scenerep_ros.segmentation.rgb.saliency import CONSTANTS as SALIENCY


@dataclass(frozen=True)
class ClutterConstants:
    """Tuned constants of cluttered scenes."""

    max_attention_contrast: float = tuned(
        2.0,
        "ratio of the attention to foreground and to background below which a scene is cluttered",
        set_on="DAVIS-2016 and ECSSD: 1.3 to 1.9 in most frames of the crowd of breakdance, from "
        "2.3 in all other images",
    )
    segment_area_ratio: float = tuned(
        0.08, "mean ratio of the image area that a segment of clutter has", set_on="not recorded"
    )
    position_weight: float = tuned(
        2.0,
        "weight of a patch's position, in lengths of the image's longer side, relative to its "
        "unit-length feature",
        set_on="not recorded",
    )
    smoothing_size: int = tuned(
        3,
        "side of the window over which features are averaged",
        unit="patches",
        set_on="not recorded",
    )


CONSTANTS = ClutterConstants()


def is_cluttered(attention: NDArray[np.float32]) -> bool:
    """Return True if attention is spread over many objects instead of a few.

    Args:
        attention: (h, w) float32, relative to the image's mean.
    """
    is_foreground = attention > SALIENCY.min_attention_ratio
    if is_foreground.all() or not is_foreground.any():
        return False
    foreground_mean, background_mean = (
        attention[mask].mean() for mask in (is_foreground, ~is_foreground)
    )
    return bool(foreground_mean < CONSTANTS.max_attention_contrast * background_mean)


def split_clutter(features: Features, attention: NDArray[np.float32]) -> Clusters:
    """Split foreground into segments of similar features and near positions, by Ward's linkage.

    Args:
        features: grid (h, w, C).
        attention: (h, w) float32, relative to the image's mean, with at least one foreground patch.

    Returns:
        Clusters with scores of 0 or 1.
    """
    is_foreground = attention > SALIENCY.min_attention_ratio
    patches = np.flatnonzero(is_foreground)
    # Cluster the foreground into as many segments as its area suggests.
    area_ratio = len(patches) / attention.size
    count = max(1, round(area_ratio / CONSTANTS.segment_area_ratio))
    points = _smooth_features(features, is_foreground)
    points = append_positions(points, patches, is_foreground.shape, CONSTANTS.position_weight)
    tree = linkage(points, "ward")
    segments = tree.cut(max_distance=-1.0, max_clusters=count)
    return clusters_from_segments(segments, count, patches, is_foreground.shape)


def _smooth_features(features: Features, is_foreground: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Smooth the features of the foreground patches, without the mean of the foreground.

    Args:
        features: grid (h, w, C).
        is_foreground: (h, w) bool, N foreground patches.

    Returns:
        (N, C) float32, unit length.
    """
    points = feature_points(features, components=0).reshape(features.grid.shape)
    centered = np.zeros_like(points)
    centered[is_foreground] = points[is_foreground] - points[is_foreground].mean(axis=0)
    smoothed = ndimage.uniform_filter(
        centered, CONSTANTS.smoothing_size, mode="constant", axes=(0, 1)
    )
    return unit_rows(smoothed[is_foreground])
