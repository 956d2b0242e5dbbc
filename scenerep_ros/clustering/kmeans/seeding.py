"""Initial centers for every k of a sweep: k-means++, and a local search by center swaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.clustering.kmeans.lloyd import BatchedLloyd
from scenerep_ros.config.constants import tuned


@dataclass(frozen=True)
class SeedingConstants:
    """Tuned constants of the search for initial centers."""

    candidate_count: int = tuned(
        4,
        "points drawn for each new center, of which the best is taken",
        set_on="not recorded; scikit-learn takes 2 + ln k",
    )
    lloyd_iterations: int = tuned(
        2, "iterations of Lloyd's algorithm before candidates are compared", set_on="not recorded"
    )
    swap_rounds: int = tuned(
        2,
        "rounds of center swaps",
        set_on="not recorded; two swaps in two rounds reach lower inertia than as many restarts",
    )
    swaps_per_round: int = tuned(
        2, "swaps that are tried in each round for each k", set_on="not recorded; see swap_rounds"
    )


CONSTANTS = SeedingConstants()


def find_initial_centers(
    points: NDArray[np.float32], cluster_counts: Sequence[int], generator: np.random.Generator
) -> NDArray[np.float32]:
    """Find initial centers for S problems on the same points.

    All problems start from the same seeds and run a few iterations of Lloyd's algorithm. In each
    round every solution competes with copies of itself in which one center was swapped.

    Args:
        points: (N, D) float32.
        cluster_counts: number of clusters of each problem, S in all.
        generator: generator of all random numbers.

    Returns:
        (S, k, D) float32 for the largest k.
    """
    distances = _squared_distances(points)
    seeds = points[_draw_seeds(distances, max(cluster_counts), generator)]
    candidates = np.broadcast_to(seeds, (1, len(cluster_counts), *seeds.shape))
    centers = _select_best(points, cluster_counts, candidates)
    for _ in range(CONSTANTS.swap_rounds):
        problems = BatchedLloyd(points, cluster_counts)
        candidates = _propose_swaps(problems, centers, distances, generator)
        centers = _select_best(points, cluster_counts, candidates)
    return centers


def _squared_distances(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the squared distances (..., N, N) of points (..., N, D) from their inner products."""
    products = points @ points.swapaxes(-1, -2)
    norms = np.diagonal(products, axis1=-2, axis2=-1).copy()
    products *= -2
    products += norms[..., None, :]
    products += norms[..., None]
    return np.maximum(products, 0, out=products)


def _draw_seeds(
    distances: NDArray[np.float32], count: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw greedy k-means++ seeds (Arthur and Vassilvitskii, SODA 2007).

    The first k seeds are a seeding for k, so one draw serves all problems.

    Args:
        distances: (N, N) squared distances of all pairs of points.
        count: number of seeds.
        generator: generator of all random numbers.

    Returns:
        (count,) int64, indices of points.
    """
    # Draw the first seed uniformly, and the others in proportion to the squared distance.
    seeds = [generator.integers(len(distances), size=1)]
    nearest = distances[seeds[0]]
    for _ in range(count - 1):
        seed, nearest = _draw_by_distance(distances, nearest, generator)
        seeds.append(seed)
    return np.concatenate(seeds)


def _draw_by_distance(
    distances: NDArray[np.float32], nearest: NDArray[np.float32], generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Draw points in proportion to their squared distance; keep the best one of each problem.

    Args:
        distances: (N, N) squared distances of all pairs of points.
        nearest: (P, N) squared distance of each point to its center, the weights.
        generator: generator of all random numbers.

    Returns:
        (P,) indices of the points that reduce the inertia most, and (P, N) `nearest` with them.
    """
    cumulated = nearest.cumsum(1)
    shape = len(nearest), CONSTANTS.candidate_count
    positions = generator.random(shape, np.float32) * cumulated[:, -1:]
    indices = [np.searchsorted(*row, "right") for row in zip(cumulated, positions, strict=True)]
    drawn = np.minimum(indices, len(distances) - 1)  # a position can be rounded up to the sum
    reduced = np.minimum(distances[drawn], nearest[:, None])
    best = reduced.sum(2).argmin(1)
    problem = np.arange(len(best))
    return drawn[problem, best], reduced[problem, best]


def _select_best(
    points: NDArray[np.float32], cluster_counts: Sequence[int], candidates: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Run a few iterations of Lloyd's algorithm and keep the best candidate of each problem.

    Args:
        points: (N, D).
        cluster_counts: number of clusters of each problem, S in all.
        candidates: (R, S, k, D) centers, R candidates for each problem.

    Returns:
        (S, k, D) centers.
    """
    problems = BatchedLloyd(points, tuple(cluster_counts) * len(candidates))
    centers = candidates.reshape(-1, *candidates.shape[2:])
    for _ in range(CONSTANTS.lloyd_iterations):
        memberships, best_score = problems.assign(centers)
        centers = problems.update(memberships, centers)
    best = best_score.sum(1).reshape(candidates.shape[:2]).argmax(0)
    return centers.reshape(candidates.shape)[best, np.arange(len(best))]


def _propose_swaps(
    problems: BatchedLloyd,
    centers: NDArray[np.float32],
    distances: NDArray[np.float32],
    generator: np.random.Generator,
) -> NDArray[np.float32]:
    """Add copies of the centers in which two centers were merged and the freed one drawn anew.

    Args:
        problems: the S problems.
        centers: (S, k, D).
        distances: (N, N) squared distances of all pairs of points.
        generator: generator of all random numbers.

    Returns:
        (1 + swaps_per_round, S, k, D), the first of which are the unchanged centers.
    """
    swap_count = CONSTANTS.swaps_per_round
    memberships, best_score = problems.assign(centers)
    # Merge the two clusters whose merge costs least.
    kept, freed, merged = _find_cheapest_merge(centers, memberships.sum(2), problems.is_used)
    problem = np.arange(len(centers))
    candidates = np.tile(centers, (1 + swap_count, 1, 1, 1))
    candidates[1:, problem, kept] = merged
    # Draw the freed center as in k-means++.
    nearest = np.maximum(problems.squared_norms - 2 * best_score, 0)
    drawn, _ = _draw_by_distance(distances, np.tile(nearest, (swap_count, 1)), generator)
    candidates[1:, problem, freed] = problems.points[drawn].reshape(swap_count, len(centers), -1)
    return candidates


def _find_cheapest_merge(
    centers: NDArray[np.float32], member_count: NDArray[np.float32], is_used: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Find the two clusters of each problem whose merge adds least inertia (Ward 1963).

    The merge of an empty cluster costs nothing, so empty clusters are merged first.

    Args:
        centers: (S, k, D).
        member_count: (S, k).
        is_used: (S, k) bool, slots that hold a cluster.

    Returns:
        (S,) slots of the first and (S,) of the second clusters, and (S, D) their common means.
    """
    slot_count = is_used.shape[1]
    total = np.maximum(member_count[:, :, None] + member_count[:, None], 1)
    cost = _squared_distances(centers) * member_count[:, :, None] * member_count[:, None] / total
    is_pair = np.triu(is_used[:, :, None] & is_used[:, None], 1)
    cheapest = np.where(is_pair, cost, np.inf).reshape(len(cost), -1).argmin(1)
    kept, freed = cheapest // slot_count, cheapest % slot_count
    problem = np.arange(len(centers))
    share = (member_count[problem, kept] / total[problem, kept, freed])[:, None]
    merged = share * centers[problem, kept] + (1 - share) * centers[problem, freed]
    return kept, freed, merged
