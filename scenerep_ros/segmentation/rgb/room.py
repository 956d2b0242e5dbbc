"""Rooms without depth: everything except walls, floor and ceiling is an object."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.clustering.linkage import linkage
from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.rgb.patch_segments import append_positions, clusters_from_segments
from scenerep_ros.segmentation.rgb.saliency import MIN_FOREGROUND_PROBABILITY


@dataclass(frozen=True)
class RoomConstants:
    """Tuned constants of rooms without depth."""

    max_ward_distance: float = tuned(
        4.0,
        "increase of the squared deviation of features and positions from which segments are not "
        "merged",
        set_on="60 of 120 NYUv2 frames outside of the evaluated ones",
    )
    position_weight: float = tuned(
        1.0,
        "weight of a patch's position, in lengths of the image's longer side, relative to its "
        "unit-length feature",
        set_on="60 of 120 NYUv2 frames outside of the evaluated ones",
    )
    max_segments: int = tuned(
        40, "largest number of segments", set_on="argument: five times the objects of a room"
    )


CONSTANTS = RoomConstants()


def split_room(features: Features, furnishing_probability: NDArray[np.float32]) -> Clusters | None:
    """Split the furnishing of a room into segments of similar features and near positions.

    Ward's linkage merges segments until the next merge would raise the squared deviation of
    features and positions too much. The number of segments follows from it.

    Args:
        features: grid (h, w, C).
        furnishing_probability: (h, w) float32.

    Returns:
        Clusters with scores of 0 or 1; None without furnishing.
    """
    is_foreground = furnishing_probability > MIN_FOREGROUND_PROBABILITY
    patches = np.flatnonzero(is_foreground)
    if not len(patches):
        return None
    # Cluster the patches of the furnishing.
    points = feature_points(features, components=0)
    points = (points - points.mean(axis=0))[patches]
    points = append_positions(points, patches, is_foreground.shape, CONSTANTS.position_weight)
    tree = linkage(points, "ward")
    segments = tree.cut(CONSTANTS.max_ward_distance, CONSTANTS.max_segments)
    count = int(segments.max()) + 1
    return clusters_from_segments(segments, count, patches, is_foreground.shape)
