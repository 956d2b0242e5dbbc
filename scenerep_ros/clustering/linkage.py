"""Agglomerative clustering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["average", "ward"]


@dataclass(frozen=True)
class Dendrogram:
    """Tree of merges. Each cluster is represented by one of its points.

    Attributes:
        parent: (N,) int64, the point whose cluster absorbed this point's cluster; the root is its
            own parent.
        distance: (N,) float32, the distance of the two clusters at the merge; inf for the root.
    """

    parent: NDArray[np.int64]
    distance: NDArray[np.float32]

    def cut(self, max_distance: float, max_clusters: int) -> NDArray[np.int64]:
        """Cut the tree into flat clusters.

        Args:
            max_distance: distance up to which clusters are merged.
            max_clusters: largest number of clusters; the nearest clusters are merged beyond
                `max_distance` until so many are left.

        Returns:
            (N,) int64, the cluster of each point, 0..K - 1.
        """
        # Remove the merges that are too far, but no more than the farthest `max_clusters`.
        is_root = self.distance > max_distance
        is_root[(-self.distance).argsort(kind="stable")[max_clusters:]] = False
        # Find the root of each point; the depth halves in each round (pointer jumping).
        root = np.where(is_root, np.arange(len(is_root)), self.parent)
        for _ in range(len(is_root).bit_length()):
            root = root[root]
        return (is_root.cumsum() - 1)[root]


def linkage(points: NDArray[np.float32], method: Method) -> Dendrogram:
    """Merge the nearest clusters of points until one is left.

    The distance of two clusters is, by method:
        average: the mean cosine distance between their points, which have unit length.
        ward: the increase of the within-cluster variance that a merge causes (Ward 1963).

    Args:
        points: (N, C) float32.
        method: linkage.
    """
    from scipy.cluster import hierarchy  # slow: only for methods that need it

    parent, distance = np.arange(len(points)), np.full(len(points), np.inf, np.float32)
    if len(points) <= 1:  # scipy refuses them
        return Dendrogram(parent, distance)
    merges = hierarchy.linkage(_pair_distances(points, method), method)
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
    parent[absorbed_names], distance[absorbed_names] = kept_names, merge_distances
    return Dendrogram(parent, distance)


def _pair_distances(points: NDArray[np.float32], method: Method) -> NDArray[np.float32]:
    """Compute the distances of all pairs of points (N, C), N (N - 1) / 2 in scipy's order."""
    products = points @ points.T
    index = np.arange(len(points), dtype=np.int32)
    is_pair = index[:, None] < index
    if method == "average":
        return np.maximum(1 - products[is_pair], 0)
    squared_norm = np.einsum("nc,nc->n", points, points)
    squared = squared_norm[:, None] + squared_norm
    squared -= 2 * products
    return np.sqrt(np.maximum(squared[is_pair], 0))
