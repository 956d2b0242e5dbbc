"""Initial centers for every k of a sweep: k-means++, and a local search by center swaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

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
    points: torch.Tensor, cluster_counts: Sequence[int], generator: torch.Generator
) -> torch.Tensor:
    """Find initial centers for S problems on the same points.

    All problems start from the same seeds and run a few iterations of Lloyd's algorithm. In each
    round every solution competes with copies of itself in which one center was swapped.

    Args:
        points: (N, D) float32.
        cluster_counts: number of clusters of each problem, S in all.
        generator: generator on the CPU.

    Returns:
        (S, k, D) float32 for the largest k.
    """
    # Compute squared distances from inner products; torch.cdist also takes the square root.
    squared_norms = points.square().sum(1)
    distances = torch.addmm(squared_norms, points, points.T, alpha=-2)
    distances = distances.add_(squared_norms[:, None]).clamp_(min=0)
    seeds = points[_draw_seeds(distances, max(cluster_counts), generator)]
    centers = _select_best(points, cluster_counts, seeds.expand(1, len(cluster_counts), -1, -1))
    for _ in range(CONSTANTS.swap_rounds):
        problems = BatchedLloyd(points, cluster_counts)
        candidates = _propose_swaps(problems, centers, distances, generator)
        centers = _select_best(points, cluster_counts, candidates)
    return centers


def _draw_seeds(distances: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """Draw greedy k-means++ seeds (Arthur and Vassilvitskii, SODA 2007).

    The first k seeds are a seeding for k, so one draw serves all problems.

    Args:
        distances: (N, N) squared distances of all pairs of points.
        count: number of seeds.
        generator: generator on the CPU.

    Returns:
        (count,) int64, indices of points.
    """
    shape = count, 1, CONSTANTS.candidate_count, len(distances)
    variates = _exponential_variates(shape, generator).to(distances.device)
    # Draw the first seed uniformly, and the others in proportion to the squared distance.
    seeds = [variates[0, :, 0].min(1).indices]
    nearest = distances[seeds[0]]
    for seed_variates in variates[1:]:
        seed, nearest = _draw_by_distance(distances, nearest, seed_variates)
        seeds.append(seed)
    return torch.cat(seeds)


def _exponential_variates(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Draw exponential variates on the CPU, so that all devices get the same ones."""
    return -torch.rand(shape, generator=generator).log_()


def _draw_by_distance(
    distances: torch.Tensor, nearest: torch.Tensor, variates: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw T points in proportion to their squared distance; keep the best one of each problem.

    The index of the smallest of exponential variates that are divided by weights is drawn in
    proportion to the weights (Efraimidis and Spirakis 2006). A search in the cumulative weights is
    not reproducible on CUDA, where the order of summation varies.

    Args:
        distances: (N, N) squared distances of all pairs of points.
        nearest: (P, N) squared distance of each point to its center, the weights.
        variates: (P, T, N) exponential variates.

    Returns:
        (P,) indices of the points that reduce the inertia most, and (P, N) `nearest` with them.
    """
    drawn = (variates / nearest[:, None]).min(2).indices
    reduced = torch.minimum(distances[drawn], nearest[:, None])
    best = reduced.sum(2).min(1).indices
    problem = torch.arange(len(best), device=best.device)
    return drawn[problem, best], reduced[problem, best]


def _select_best(
    points: torch.Tensor, cluster_counts: Sequence[int], candidates: torch.Tensor
) -> torch.Tensor:
    """Run a few iterations of Lloyd's algorithm and keep the best candidate of each problem.

    Args:
        points: (N, D).
        cluster_counts: number of clusters of each problem, S in all.
        candidates: (R, S, k, D) centers, R candidates for each problem.

    Returns:
        (S, k, D) centers.
    """
    problems = BatchedLloyd(points, tuple(cluster_counts) * len(candidates))
    centers = candidates.flatten(0, 1)
    for _ in range(CONSTANTS.lloyd_iterations):
        memberships, best_score = problems.assign(centers)
        centers = problems.update(memberships, centers)
    best = best_score.sum(1).view(candidates.shape[:2]).max(0).indices
    problem = torch.arange(len(best), device=best.device)
    return centers.view(candidates.shape)[best, problem]


def _propose_swaps(
    problems: BatchedLloyd,
    centers: torch.Tensor,
    distances: torch.Tensor,
    generator: torch.Generator,
) -> torch.Tensor:
    """Add copies of the centers in which two centers were merged and the freed one drawn anew.

    Args:
        problems: the S problems.
        centers: (S, k, D).
        distances: (N, N) squared distances of all pairs of points.
        generator: generator on the CPU.

    Returns:
        (1 + swaps_per_round, S, k, D), the first of which are the unchanged centers.
    """
    swap_count = CONSTANTS.swaps_per_round
    memberships, best_score = problems.assign(centers)
    # Merge the two clusters whose merge costs least.
    kept, freed, merged = _find_cheapest_merge(centers, memberships.sum(2), problems.is_used)
    problem = torch.arange(len(centers), device=centers.device)
    candidates = centers.repeat(1 + swap_count, 1, 1, 1)
    candidates[1:, problem, kept] = merged
    # Draw the freed center as in k-means++.
    nearest = (problems.squared_norms - 2 * best_score).clamp(min=0).repeat(swap_count, 1)
    shape = len(nearest), CONSTANTS.candidate_count, len(distances)
    variates = _exponential_variates(shape, generator).to(centers.device)
    drawn, _ = _draw_by_distance(distances, nearest, variates)
    candidates[1:, problem, freed] = problems.points[drawn].unflatten(0, (swap_count, -1))
    return candidates


def _find_cheapest_merge(
    centers: torch.Tensor, member_count: torch.Tensor, is_used: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
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
    total = (member_count[:, :, None] + member_count[:, None]).clamp(min=1)
    squared_distance = torch.cdist(centers, centers).square()
    cost = squared_distance * member_count[:, :, None] * member_count[:, None] / total
    is_pair = (is_used[:, :, None] & is_used[:, None]).triu(1)
    cheapest = cost.masked_fill(~is_pair, torch.inf).flatten(1).min(1).indices
    kept, freed = cheapest // slot_count, cheapest % slot_count
    problem = torch.arange(len(centers), device=centers.device)
    share = member_count[problem, kept] / total[problem, kept, freed]
    merged = torch.lerp(centers[problem, freed], centers[problem, kept], share[:, None])
    return kept, freed, merged
