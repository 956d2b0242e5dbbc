"""Camera pose of a frame in a map, from the objects that it shows, without an earlier pose."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry.subsampling import subsample
from scenerep_ros.mapping.poses.pose_gate import motion_between
from scenerep_ros.mapping.poses.pose_support import measure_support
from scenerep_ros.mapping.poses.registration import MapSurface, align
from scenerep_ros.mapping.views.frame_view import FrameView
from scenerep_ros.mapping.views.map_views import MapViews

Floats = NDArray[np.float32]
Pose = NDArray[np.float64]
Pair = tuple[int, int]

_TRIPLET = 3  # constant: points that determine a rigid transform


@dataclass(frozen=True)
class RelocalizationConstants:
    """Tuned constants of the relocalization."""

    min_similarity: float = tuned(
        0.3,
        "similarity of features from which a segment may be an object",
        set_on="argument: that from which a track carries an object",
    )
    max_distance_error_m: float = tuned(
        0.35,
        "difference between the distances of two segments and of two objects",
        unit="m",
        set_on="argument: the visible side of furniture and its center",
    )
    max_pairs: int = tuned(
        60,
        "number of most similar pairs of a segment and an object",
        set_on="TUM fr1_rpy, second half in the map of the first: 17 of 20 frames have a right triplet, "
        "15 with 30 pairs",
    )
    max_triplets: int = tuned(
        200, "number of triplets whose poses are compared with the map", set_on="as the pairs"
    )
    ranked_count: int = tuned(
        200, "number of points that rank the poses of triplets", set_on="argument: time"
    )
    registered_count: int = tuned(
        8, "number of best poses of different places that are registered", set_on="argument: time"
    )
    distinct_m: float = tuned(
        0.3,
        "distance from which two poses of triplets are different",
        unit="m",
        set_on="argument: a registration corrects half a meter",
    )
    distinct_deg: float = tuned(
        20.0,
        "angle from which two poses of triplets are different",
        unit="deg",
        set_on="argument: half a meter at 1.5 m",
    )
    sample_count: int = tuned(
        800, "number of points that are registered", set_on="argument: time of a registration"
    )
    min_lead: float = tuned(
        0.05,
        "lead over another place from which a pose is unique",
        set_on="argument: 40 of 800 points",
    )
    same_place_m: float = tuned(
        0.15, "distance up to which two poses are one", unit="m", set_on="argument: the pose gate's"
    )


CONSTANTS = RelocalizationConstants()


def relocalize(
    view: FrameView,
    centers: NDArray[np.floating],
    map_centers: NDArray[np.floating],
    similarity: Floats,
    map_points: Floats,
    map_views: MapViews,
) -> Pose | None:
    """Estimate the pose of a frame.

    Triplets of segments and similar objects at equal distances give poses; the best of different
    places are registered with the points of the map. The frame and the map must show the result
    from both sides, better than other places.

    Args:
        view: the frame, with the identity as its pose.
        centers: (K, 3) centers of its segments, camera coordinates [m].
        map_centers: (M, 3) centers of the map's objects [m].
        similarity: (K, M) similarity of features.
        map_points: (m, 3) points of the map [m].
        map_views: views of the map.

    Returns:
        (4, 4), camera to world, or None.
    """
    triplets = _triplets(_similar_pairs(similarity), centers, map_centers)
    if not triplets:
        return None
    triplets.sort(key=lambda triplet: -sum(float(similarity[pair]) for pair in triplet))
    poses = []
    for triplet in triplets[: CONSTANTS.max_triplets]:
        segments, objects = np.transpose(triplet)
        poses.append(align(centers[segments], map_centers[objects]))
    surface = MapSurface(map_points)
    ranking = subsample(view.points, CONSTANTS.ranked_count)
    poses.sort(key=lambda pose: -surface.fitness(ranking, pose))
    sample = subsample(view.points, CONSTANTS.sample_count)
    supported = []
    for pose in _distinct(poses):
        registered = surface.register(sample, pose)
        support = measure_support(view, sample, registered, surface.points, map_views)
        if support.is_sufficient:
            supported.append((support.score, registered))
    return _unique_best(supported)


def _distinct(poses: list[Pose]) -> list[Pose]:
    """Return the first poses that differ from each other."""
    kept: list[Pose] = []
    for pose in poses:
        motions = [motion_between(pose, other) for other in kept]
        if all(
            distance > CONSTANTS.distinct_m or angle_deg > CONSTANTS.distinct_deg
            for distance, angle_deg in motions
        ):
            kept.append(pose)
        if len(kept) == CONSTANTS.registered_count:
            break
    return kept


def _similar_pairs(similarity: Floats) -> list[Pair]:
    """Return the most similar pairs of a segment and an object."""
    pairs = np.argwhere(similarity >= CONSTANTS.min_similarity)
    order = np.argsort(-similarity[tuple(pairs.T)], kind="stable")[: CONSTANTS.max_pairs]
    return [(int(segment), int(item)) for segment, item in pairs[order]]


def _triplets(
    pairs: list[Pair], centers: NDArray[np.floating], map_centers: NDArray[np.floating]
) -> list[tuple[Pair, ...]]:
    """Return triplets of pairs of different segments and objects, whose distances agree."""

    def agree(first: Pair, second: Pair) -> bool:
        if first[0] == second[0] or first[1] == second[1]:
            return False
        distance = np.linalg.norm(centers[first[0]] - centers[second[0]])
        map_distance = np.linalg.norm(map_centers[first[1]] - map_centers[second[1]])
        return bool(abs(distance - map_distance) <= CONSTANTS.max_distance_error_m)

    agreeing = {frozenset(two) for two in combinations(pairs, 2) if agree(*two)}
    return [
        triplet
        for triplet in combinations(pairs, _TRIPLET)
        if all(frozenset(two) in agreeing for two in combinations(triplet, 2))
    ]


def _unique_best(scored: list[tuple[float, Pose]]) -> Pose | None:
    """Return the pose with the largest score, if no pose of another place is nearly as good."""
    if not scored:
        return None
    best_score, best = max(scored, key=lambda item: item[0])
    for score, pose in scored:
        distance, _ = motion_between(best, pose)
        if distance > CONSTANTS.same_place_m and best_score - score < CONSTANTS.min_lead:
            return None
    return best
