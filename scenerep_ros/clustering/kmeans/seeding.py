"""Good starting centres for every k of a sweep: seeding, and a search that leaves local optima."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from scenerep_ros.clustering.kmeans.lloyd import Problems

TRIALS = 4
"""Points drawn for each new centre, of which the best is taken (scikit-learn takes 2 + ln k)."""
STEPS = 2
"""Steps of Lloyd's before candidates are compared."""
ROUNDS = 2
SWAPS = 2
"""New candidates a round for each k. Two swaps in two rounds find lower inertia than as many
restarts do: a swap changes what is worst and keeps the rest."""


def search(points: torch.Tensor, sizes: Sequence[int], generator: torch.Generator) -> torch.Tensor:
    """Find starting centres for S problems on points (N, D): (S, k, D) for the largest k.

    All begin with the same seeds and run a few of Lloyd's steps. In each round every solution
    competes with copies of itself in which one centre was swapped.
    """
    energy = points.square().sum(1)
    distances = torch.addmm(energy, points, points.T, alpha=-2)  # torch.cdist takes a root as well
    distances = distances.add_(energy[:, None]).clamp_(min=0)
    seeds = points[_seeds(distances, max(sizes), generator)]
    centers = _compete(points, sizes, seeds.expand(1, len(sizes), -1, -1))
    for _ in range(ROUNDS):
        swapped = _swapped(Problems(points, sizes), centers, distances, generator)
        centers = _compete(points, sizes, swapped)
    return centers


def _seeds(distances: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """Indices (count,) of greedy k-means++ seeds (Arthur and Vassilvitskii, SODA 2007).

    The first k seeds are a seeding for k, so that one drawing serves a whole sweep.
    """
    arrivals = _arrivals((count, 1, TRIALS, len(distances)), generator).to(distances.device)
    chosen = [arrivals[0, :, 0].min(1).indices]
    nearest = distances[chosen[0]]
    for arrival in arrivals[1:]:
        winner, nearest = _draw(distances, nearest, arrival)
        chosen.append(winner)
    return torch.cat(chosen)


def _arrivals(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Exponentially distributed times, from the CPU's generator on every device."""
    return -torch.rand(shape, generator=generator).log_()


def _draw(
    distances: torch.Tensor, nearest: torch.Tensor, arrivals: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw points by squared distance; take the one of each problem that lowers inertia most.

    The first of exponential arrivals that were divided by weights is drawn in proportion to the
    weights (Efraimidis and Spirakis 2006). Searching a running sum of the weights would not repeat
    itself on CUDA, which adds that up in no fixed order.

    Args:
        distances: (N, N) squared, of all pairs of points.
        nearest: (P, N) squared, of each point to its centre: the weights.
        arrivals: (P, T, N).

    Returns:
        (P,) the points, and (P, N) what nearest becomes with them.
    """
    drawn = (arrivals / nearest[:, None]).min(2).indices
    reduced = torch.minimum(distances[drawn], nearest[:, None])
    best = reduced.sum(2).min(1).indices
    row = torch.arange(len(best), device=best.device)
    return drawn[row, best], reduced[row, best]


def _compete(points: torch.Tensor, sizes: Sequence[int], candidates: torch.Tensor) -> torch.Tensor:
    """Run candidates (R, S, k, D) for a few steps; keep the best of each problem: (S, k, D)."""
    problems = Problems(points, tuple(sizes) * len(candidates))
    centers = candidates.flatten(0, 1)
    for _ in range(STEPS):
        members, best = problems.assign(centers)
        centers = problems.update(members, centers)
    winner = best.sum(1).view(candidates.shape[:2]).max(0).indices
    row = torch.arange(len(winner), device=winner.device)
    return centers.view(candidates.shape)[winner, row]


def _swapped(
    problems: Problems, centers: torch.Tensor, distances: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """Add to centres (S, k, D) copies in which two were merged and the freed one drawn anew."""
    members, best = problems.assign(centers)
    keep, free, merged = _cheapest_merge(centers, members.sum(2), problems.used)
    row = torch.arange(len(centers), device=centers.device)
    candidates = centers.repeat(1 + SWAPS, 1, 1, 1)
    candidates[1:, row, keep] = merged
    nearest = (problems.energy - 2 * best).clamp(min=0).repeat(SWAPS, 1)
    arrivals = _arrivals((len(nearest), TRIALS, len(distances)), generator).to(centers.device)
    drawn, _ = _draw(distances, nearest, arrivals)
    candidates[1:, row, free] = problems.points[drawn].unflatten(0, (SWAPS, -1))
    return candidates


def _cheapest_merge(
    centers: torch.Tensor, count: torch.Tensor, used: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Find the two clusters of each problem whose merging adds least inertia (Ward 1963).

    An empty cluster costs nothing, and so is the first to go.

    Returns:
        (S,) slot of the one, (S,) slot of the other, (S, D) their common mean.
    """
    slots = used.shape[1]
    total = (count[:, :, None] + count[:, None]).clamp(min=1)
    cost = torch.cdist(centers, centers).square() * count[:, :, None] * count[:, None] / total
    pair = (used[:, :, None] & used[:, None]).triu(1)
    lowest = cost.masked_fill(~pair, torch.inf).flatten(1).min(1).indices
    keep, free = lowest // slots, lowest % slots
    row = torch.arange(len(centers), device=centers.device)
    share = count[row, keep] / total[row, keep, free]
    return keep, free, torch.lerp(centers[row, free], centers[row, keep], share[:, None])
