"""Segments of a scene: neighbouring patches whose features and positions agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.clustering.linkage import linkage
from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.depth.patch_samples import PatchSamples

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class SceneSegmentConstants:
    """Tuned constants of scene segments."""

    max_ward_distance: float = tuned(
        1.8,
        "increase of the squared deviation of features and positions from which segments are not "
        "merged",
        set_on="60 NYUv2 frames outside of the evaluated ones; below, precision on table tops falls",
    )
    position_weight: float = tuned(
        0.3,
        "weight of a patch's position relative to its unit-length feature",
        unit="1/m",
        set_on="NYUv2 rooms",
    )
    max_segments: int = tuned(
        60, "largest number of segments", set_on="argument: five times the objects of a room"
    )


CONSTANTS = SceneSegmentConstants()


def segment_scene(features: Features, samples: PatchSamples) -> Labels:
    """Merge the patches of a frame into segments by Ward's linkage of features and positions.

    Args:
        features: grid (h, w, C).
        samples: depth of the same patches.

    Returns:
        (h, w) int32, 1..K; 0 for patches without depth.
    """
    segments = np.zeros(features.grid.shape[:2], np.int32)
    positions = samples.positions()
    has_depth = np.isfinite(positions[..., 2])
    if not has_depth.any():
        return segments
    points = feature_points(features, components=0)
    xyz = CONSTANTS.position_weight * positions[has_depth]
    points = np.concatenate([points[has_depth.ravel()], xyz], axis=1)
    tree = linkage(points, "ward")
    clusters = tree.cut(CONSTANTS.max_ward_distance, CONSTANTS.max_segments)
    segments[has_depth] = clusters + 1
    return segments
