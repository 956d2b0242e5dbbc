"""Agglomerative clustering on any device.

On a CPU, scipy's nearest-neighbor chains find the dendrogram. Elsewhere all mutually nearest clusters
are merged at once, in a few rounds instead of N - 1. For reducible linkages, such as average and
Ward's, in which no merge brings other clusters nearer, both give the same dendrogram as one merge at a
time (Bruynooghe 1977; Murtagh, "A survey of recent advances in hierarchical clustering algorithms",
1983).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

Method = Literal["average", "ward"]
LinkageDistance = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Function from the inner products (n, n) of the clusters' means and the clusters' sizes (n,) to the
distances (n, n) of the clusters."""


@dataclass(frozen=True)
class Dendrogram:
    """Tree of merges. Each cluster is represented by one of its points.

    Attributes:
        parent: (N,) int64, the point whose cluster absorbed this point's cluster; the root is its
            own parent.
        distance: (N,) float32, the distance of the two clusters at the merge; inf for the root.
    """

    parent: torch.Tensor
    distance: torch.Tensor

    def cut(self, max_distance: float, max_clusters: int) -> torch.Tensor:
        """Cut the tree into flat clusters.

        Args:
            max_distance: distance up to which clusters are merged.
            max_clusters: largest number of clusters; the nearest clusters are merged beyond
                `max_distance` until so many are left.

        Returns:
            (N,) int64, the cluster of each point, 0..K - 1.
        """
        # Remove the merges that are too far, but no more than the farthest `max_clusters`.
        rank = self.distance.argsort(descending=True, stable=True).argsort()
        is_root = (self.distance > max_distance) & (rank < max_clusters)
        # Find the root of each point; the depth halves in each round (pointer jumping).
        index = torch.arange(len(is_root), device=is_root.device)
        root = torch.where(is_root, index, self.parent)
        for _ in range(len(is_root).bit_length()):
            root = root[root]
        return (is_root.cumsum(0) - 1)[root]


def linkage(points: torch.Tensor, method: Method) -> Dendrogram:
    """Merge the nearest clusters of points until one is left.

    The distance of two clusters is, by method:
        average: the mean cosine distance between their points, which have unit length.
        ward: the increase of the within-cluster variance that a merge causes (Ward 1963).

    On CUDA the host waits once per round for the number of merged clusters.

    Args:
        points: (N, C) float32.
        method: linkage.
    """
    if points.device.type == "cpu" and len(points) > 1:
        return _linkage_by_chains(points, method)
    return linkage_in_rounds(points, method)


def _linkage_by_chains(points: torch.Tensor, method: Method) -> Dendrogram:
    from scipy.cluster import hierarchy  # slow: only for methods that need it

    merges = hierarchy.linkage(_pair_distances(points.numpy(), method), method)
    # scipy's Ward distance of two points is their Euclidean one, whose square is twice ours.
    merge_distances = merges[:, 2] ** 2 / 2 if method == "ward" else merges[:, 2]
    # A cluster is represented by its first point, its name.
    names = list(range(len(points)))
    kept_names, absorbed_names = [], []
    for first, second in merges[:, :2].astype(int).tolist():
        kept, absorbed = names[first], names[second]
        if kept > absorbed:
            kept, absorbed = absorbed, kept
        names.append(kept)
        kept_names.append(kept)
        absorbed_names.append(absorbed)
    parent, distance = np.arange(len(points)), np.full(len(points), np.inf, np.float32)
    parent[absorbed_names], distance[absorbed_names] = kept_names, merge_distances
    return Dendrogram(torch.from_numpy(parent), torch.from_numpy(distance))


def _pair_distances(points: NDArray[np.float32], method: Method) -> NDArray[np.float32]:
    """Compute the distances of all pairs of points (N, C), N (N - 1) / 2 in scipy's order."""
    is_pair = _is_pair(len(points))
    products = (points @ points.T)[is_pair]
    if method == "average":
        return np.maximum(1 - products, 0)
    squared_norm = np.einsum("nc,nc->n", points, points)
    squared = (squared_norm[:, None] + squared_norm)[is_pair] - 2 * products
    return np.sqrt(np.maximum(squared, 0))


@lru_cache(maxsize=2)
def _is_pair(count: int) -> NDArray[np.bool_]:
    """Return the mask (N, N) of the upper triangle without the diagonal."""
    return np.triu(np.ones((count, count), np.bool_), 1)


def linkage_in_rounds(points: torch.Tensor, method: Method) -> Dendrogram:
    """Compute the same by merging all mutually nearest clusters in each round, on any device."""
    products = points @ points.T
    products = (products + products.T) / 2
    size = points.new_ones(len(points))
    # A cluster is represented by one of its points, its name.
    name = torch.arange(len(points), device=points.device)
    parent, merge_distance = name.clone(), points.new_full((len(points),), torch.inf)
    while len(name) > 1:
        # Record the merges of this round.
        kept, absorbed, distances = _find_merges(DISTANCES[method](products, size))
        parent[name[absorbed]] = name[kept]
        merge_distance[name[absorbed]] = distances
        # Replace the means of each pair by their weighted mean.
        _merge_means(products, size, kept, absorbed)
        # Remove the absorbed clusters; the number of remaining ones is known without a transfer.
        is_absorbed = torch.zeros_like(size, dtype=torch.bool).index_fill_(0, absorbed, True)
        remaining = is_absorbed.argsort(stable=True)[: len(name) - len(absorbed)]
        products = products.index_select(0, remaining).index_select(1, remaining)
        size, name = size[remaining], name[remaining]
    return Dendrogram(parent, merge_distance)


def _find_merges(distances: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Select the pairs of clusters to merge in one round.

    Args:
        distances: (n, n) float32 of all pairs of clusters.

    Returns:
        (P,) clusters to keep, (P,) clusters that they absorb, and (P,) their distances.
    """
    # Remove the asymmetry that rounding causes.
    distances = torch.maximum(distances, distances.T).fill_diagonal_(torch.inf)
    nearest_distance, nearest = distances.min(dim=0)
    kept, absorbed = _mutually_nearest(nearest)
    if not len(kept):  # ties can form a cycle of nearest clusters; their order is arbitrary
        closest = distances.flatten().argmin(keepdim=True)
        kept, absorbed = closest // len(distances), closest % len(distances)
    return kept, absorbed, nearest_distance[kept]


def _merge_means(
    products: torch.Tensor, size: torch.Tensor, kept: torch.Tensor, absorbed: torch.Tensor
) -> None:
    """Update inner products (n, n) and sizes (n,) of kept clusters in place."""
    share = size[absorbed] / (size[kept] + size[absorbed])
    products[kept] = torch.lerp(products[kept], products[absorbed], share[:, None])
    products[:, kept] = torch.lerp(products[:, kept], products[:, absorbed], share)
    size[kept] += size[absorbed]


def _mutually_nearest(nearest: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Find the pairs (P,), (P,) of clusters that are each other's nearest one (n,)."""
    index = torch.arange(len(nearest), device=nearest.device)
    first = ((nearest[nearest] == index) & (index < nearest)).nonzero()[:, 0]
    return first, nearest[first]


def _average_distance(products: torch.Tensor, size: torch.Tensor) -> torch.Tensor:  # noqa: ARG001
    return 1 - products


def _ward_distance(products: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    squared_norm, inverse_size = products.diagonal(), 1 / size
    distances = (squared_norm[:, None] + squared_norm).sub_(products, alpha=2)
    return distances.div_(inverse_size[:, None] + inverse_size)


DISTANCES: dict[Method, LinkageDistance] = {"average": _average_distance, "ward": _ward_distance}
"""Distances of clusters by method."""
