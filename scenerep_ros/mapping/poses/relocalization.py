"""Camera pose of a frame in a map, from the objects that it shows, without an earlier pose."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.mapping.poses.pose_gate import motion_between
from scenerep_ros.mapping.poses.registration import MapSurface, align

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
        30,
        "number of most similar pairs of a segment and an object",
        set_on="argument: 4,000 triplets",
    )
    max_triplets: int = tuned(
        60, "number of triplets whose poses are compared with the map", set_on="argument: 0.3 s"
    )
    registered_count: int = tuned(
        4, "number of best poses that are registered", set_on="argument: time"
    )
    sample_count: int = tuned(
        800, "number of points that are registered", set_on="argument: time of a registration"
    )
    min_fitness: float = tuned(
        0.7,
        "ratio of the frame's points that must agree with the map",
        set_on="argument: flat floors and walls agree by chance with half of the points",
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
    points: Floats,
    centers: NDArray[np.floating],
    map_points: Floats,
    map_centers: NDArray[np.floating],
    similarity: Floats,
) -> Pose | None:
    """Estimate the pose of a frame.

    Triplets of segments and similar objects at equal distances give poses; the best are registered
    with the points of the map, and the result must explain most points better than other places.

    Args:
        points: (n, 3) points of the frame, camera coordinates [m].
        centers: (K, 3) centers of its segments, camera coordinates [m].
        map_points: (m, 3) points of the map [m].
        map_centers: (M, 3) centers of its objects [m].
        similarity: (K, M) similarity of features.

    Returns:
        (4, 4), camera to world, or None.
    """
    triplets = _triplets(_similar_pairs(similarity), centers, map_centers)
    if not triplets:
        return None
    triplets.sort(key=lambda triplet: -sum(float(similarity[pair]) for pair in triplet))
    sample = points[:: max(1, len(points) // CONSTANTS.sample_count)]
    surface = MapSurface(map_points)
    poses = []
    for triplet in triplets[: CONSTANTS.max_triplets]:
        segments, objects = np.transpose(triplet)
        poses.append(align(centers[segments], map_centers[objects]))
    poses.sort(key=lambda pose: -surface.fitness(sample, pose))
    registered = [surface.register(sample, pose) for pose in poses[: CONSTANTS.registered_count]]
    return _unique_best([(surface.fitness(sample, pose), pose) for pose in registered])


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
    scored = sorted(scored, key=lambda item: -item[0])
    fitness, best = scored[0]
    if fitness < CONSTANTS.min_fitness:
        return None
    for other_fitness, other in scored[1:]:
        distance, _ = motion_between(best, other)
        if distance > CONSTANTS.same_place_m and fitness - other_fitness < CONSTANTS.min_lead:
            return None
    return best
