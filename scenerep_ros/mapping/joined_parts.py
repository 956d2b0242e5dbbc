"""Parts of one object that has changed as a whole, which the segmentation divides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import MapObject
from scenerep_ros.geometry import upright_box
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.mapping.objects.feature_space import normalized

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class JoinedPartConstants:
    """Tuned constants of joining parts."""

    max_gap_m: float = tuned(
        0.06,
        "distance up to which parts touch",
        unit="m",
        set_on="argument: two voxels and the unseen rim between them",
    )
    min_similarity: float = tuned(
        0.2,
        "similarity of features from which touching parts are one object",
        set_on="argument: features are centered, so different objects are at 0 on average",
    )


CONSTANTS = JoinedPartConstants()


def join_parts(items: Sequence[MapObject], snapshot: MapSnapshot, mean: Floats) -> list[MapObject]:
    """Join touching objects of similar features.

    Objects that appear, or disappear, at once and touch are parts of one object more often than
    objects of their own, such as the leaves of a plant.

    Args:
        items: objects of the map that have changed.
        snapshot: the map.
        mean: (C,) mean feature of all objects.

    Returns:
        Objects in the order of their largest part, whose id they keep.
    """
    if len(items) <= 1:
        return list(items)
    points = snapshot.object_points()
    trees = [cKDTree(points[item.id]) for item in items]
    features = centered_features(items, mean)
    is_similar = features @ features.T >= CONSTANTS.min_similarity
    is_joined = [
        [bool(is_similar[i, j]) and _touch(first, second) for j, second in enumerate(trees)]
        for i, first in enumerate(trees)
    ]
    count, groups = connected_components(np.array(is_joined), directed=False)
    parts = [
        [item for item, group in zip(items, groups, strict=True) if group == number]
        for number in range(count)
    ]
    return [_joined(group, points, snapshot.up) for group in parts]


def centered_features(items: Sequence[MapObject], mean: Floats) -> Floats:
    """Return the features (n, C) of objects without a mean (C,), of unit length."""
    return normalized(np.stack([item.feature for item in items]) - mean)


def _touch(first: cKDTree, second: cKDTree) -> bool:
    return first.count_neighbors(second, CONSTANTS.max_gap_m) > 0


def _joined(parts: list[MapObject], points: dict[int, Floats], up: Floats) -> MapObject:
    """Return the object of some parts."""
    largest = max(parts, key=lambda item: item.point_count)
    box = upright_box(np.concatenate([points[item.id] for item in parts]), up)
    if len(parts) == 1 or box is None:
        return largest
    counts = np.array([item.point_count for item in parts], np.float32)
    feature = counts @ np.stack([item.feature for item in parts])
    return replace(
        largest,
        box=box,
        point_count=int(counts.sum()),
        feature=normalized(feature),
        first_seen_ns=min(item.first_seen_ns for item in parts),
        last_seen_ns=max(item.last_seen_ns for item in parts),
        confidence=min(item.confidence for item in parts),
    )
