"""Method `ncut`: the feature grid is cut in two, again and again, where little is cut."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_ros.clustering.affinity import vote, weigh
from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features

LEAST = 4
"""Cells of the smallest part."""
VECTORS = 4
"""Width of the subspace: more than the one that is wanted, so that its error falls faster."""
STEPS, EVERY = 60, 5
"""Steps of the iteration at most, and between two looks at its error."""
TOLERANCE = 1e-3
"""Residual of the eigenvector at which the iteration ends."""


@dataclass(frozen=True, eq=False)
class _Part:
    """Some cells, and the best way to cut them in two.

    Attributes:
        cells: (n,) int64.
        side: (n,) bool, on which side of the cut each is.
        cost: value of the normalised cut, 0..2; inf if the part is too small.
    """

    cells: torch.Tensor
    side: torch.Tensor
    cost: float


class NormalizedCut:
    """Recursive normalised cut (Shi and Malik, "Normalized cuts and image segmentation", 2000).

    On the features of a self-supervised ViT, as in TokenCut, MaskCut and DiffCut. The cheapest part
    is cut next, until all cuts cost more than `max_cost` or there are `max_clusters` parts. The
    eigenvectors of the previous frame initialize the iteration of the next one.

    Args:
        max_cost: value of the normalized cut from which a part is not divided, 0..2.
        max_clusters: largest number of parts.
        options: reduction of the features.
    """

    def __init__(self, max_cost: float, max_clusters: int, options: ClusteringOptions) -> None:
        self._max_cost = max_cost
        self._max_clusters = max_clusters
        self._options = options
        self._eigenvectors: torch.Tensor | None = None

    def reset(self) -> None:
        """Discard the eigenvectors of the previous frame."""
        self._eigenvectors = None

    def __call__(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        rows, columns = features.grid.shape[:2]
        weights = weigh(feature_points(features, self._options.pca))
        start = self._eigenvectors
        if start is not None and len(start) != len(weights):
            start = None
        patches = torch.arange(len(weights), device=weights.device)
        whole, self._eigenvectors = _best_cut(weights, patches, start)
        return vote(weights, self._divide(weights, whole), (rows, columns))

    def _divide(self, weights: torch.Tensor, whole: _Part) -> torch.Tensor:
        """Name (N,) the part of each cell."""
        parts = [whole]
        while len(parts) < self._max_clusters:
            cheapest = min(parts, key=lambda part: part.cost)
            if not cheapest.cost < self._max_cost:
                break
            parts.remove(cheapest)
            for side in (cheapest.side, ~cheapest.side):
                parts.append(_best_cut(weights, cheapest.cells[side])[0])
        names = torch.zeros(len(weights), dtype=torch.int64, device=weights.device)
        for name, part in enumerate(parts):
            names[part.cells] = name
        return names


def _best_cut(
    weights: torch.Tensor, cells: torch.Tensor, start: torch.Tensor | None = None
) -> tuple[_Part, torch.Tensor | None]:
    """Cut some cells where the cut is cheapest; also returns the subspace that was found."""
    if len(cells) < 2 * LEAST:
        return _Part(cells, torch.zeros_like(cells, dtype=torch.bool), float("inf")), None
    inner = weights[cells[:, None], cells]
    vectors = leading_vectors(inner, start)
    order = (vectors[:, 0] * inner.sum(dim=1).rsqrt()).argsort()
    costs = cut_costs(inner[order[:, None], order])[LEAST - 1 : len(cells) - LEAST]
    best = int(costs.argmin())
    side = torch.zeros_like(cells, dtype=torch.bool)
    side[order[: best + LEAST]] = True
    return _Part(cells, side, float(costs[best])), vectors


def leading_vectors(weights: torch.Tensor, start: torch.Tensor | None = None) -> torch.Tensor:
    """Find the eigenvectors of D^-1/2 W D^-1/2 with the largest eigenvalues but the first.

    The first is known, the square root of the degrees, and is kept out of a subspace iteration.

    Args:
        weights: (N, N) positive semidefinite, with positive sums.
        start: (N, VECTORS), where to begin: the answer for a similar graph.

    Returns:
        (N, VECTORS) orthonormal, the largest eigenvalue first; only that one has converged.
    """
    root = weights.sum(dim=1).sqrt()
    normalised = weights / root / root[:, None]
    first = (root / root.norm())[:, None]
    vectors = _fixed_start(weights) if start is None else start
    for step in range(1, STEPS + 1):
        vectors = normalised @ vectors
        vectors = torch.linalg.qr(vectors - first @ (first.T @ vectors)).Q
        if step % EVERY:
            continue
        image = normalised @ vectors
        values, turn = torch.linalg.eigh(vectors.T @ image)
        vectors, image = vectors @ turn.flip(1), image @ turn.flip(1)
        if (image[:, 0] - values[-1] * vectors[:, 0]).norm() < TOLERANCE:
            break
    return vectors


def cut_costs(weights: torch.Tensor) -> torch.Tensor:
    """Value of the normalised cut (N,) between the first 1, 2, ... N cells and the others."""
    reached = weights.sum(dim=1).cumsum(0)
    within = (2 * weights.tril(-1).sum(dim=1) + weights.diagonal()).cumsum(0)
    cut = (reached - within).clamp_min(0)
    return cut / reached + cut / (reached[-1] - reached).clamp_min(1e-12)


def _fixed_start(weights: torch.Tensor) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(len(weights), VECTORS, generator=generator).to(weights)
