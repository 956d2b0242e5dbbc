"""Agglomerative clustering on any device: all clusters that are each other's nearest join at once.

For linkages by which no join brings other clusters nearer, average and Ward's among them, this gives
the very tree that joining one pair at a time gives (Bruynooghe 1977; Murtagh, "A survey of recent
advances in hierarchical clustering algorithms", 1983), in a few rounds instead of N - 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

Distance = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From inner products (n, n) of the clusters' means, and their sizes (n,), to distances (n, n)."""


@dataclass(frozen=True)
class Tree:
    """Who joined whom. A cluster goes by the name of one of its points.

    Attributes:
        into: (N,) int64, the point that this one's cluster joined; the last one stays itself.
        height: (N,) float32, the distance of the two; inf for the last one.
    """

    into: torch.Tensor
    height: torch.Tensor

    def cut(self, height: float, most: int) -> torch.Tensor:
        """Name (N,) int64 the cluster of each point, 0, 1, ..., `most` clusters at most.

        Args:
            height: distance up to which clusters join.
            most: where there would be more, nearer ones are left apart no longer.
        """
        rank = self.height.argsort(descending=True, stable=True).argsort()
        ends = (self.height > height) & (rank < most)
        index = torch.arange(len(ends), device=ends.device)
        root = torch.where(ends, index, self.into)
        for _ in range(len(ends).bit_length()):
            root = root[root]
        return (ends.cumsum(0) - 1)[root]


def linkage(points: torch.Tensor, distance: Distance) -> Tree:
    """Join the nearest clusters of points (N, C) until one is left.

    On CUDA the host waits once a round, to be told how many clusters joined.
    """
    products = points @ points.T
    products = (products + products.T) / 2
    size, name = points.new_ones(len(points)), torch.arange(len(points), device=points.device)
    into, height = name.clone(), points.new_full((len(points),), torch.inf)
    while len(name) > 1:
        apart = distance(products, size)
        apart = torch.maximum(apart, apart.T).fill_diagonal_(torch.inf)  # to the last bit symmetric
        nearest, partner = apart.min(dim=0)
        one, other = _pairs(partner)
        if not len(one):  # equally near ones can name each other in a ring, where the order is free
            closest = apart.flatten().argmin(keepdim=True)
            one, other = closest // len(name), closest % len(name)
        into[name[other]], height[name[other]] = name[one], nearest[one]
        share = size[other] / (size[one] + size[other])
        products[one] = torch.lerp(products[one], products[other], share[:, None])
        products[:, one] = torch.lerp(products[:, one], products[:, other], share)
        size[one] += size[other]
        joined = torch.zeros_like(size, dtype=torch.bool).index_fill_(0, other, True)
        left = joined.argsort(stable=True)[: len(name) - len(other)]
        products = products.index_select(0, left).index_select(1, left)
        size, name = size[left], name[left]
    return Tree(into, height)


def _pairs(partner: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Those (P,) who name each other, by whom each names (n,)."""
    index = torch.arange(len(partner), device=partner.device)
    one = ((partner[partner] == index) & (index < partner)).nonzero()[:, 0]
    return one, partner[one]


def average(products: torch.Tensor, size: torch.Tensor) -> torch.Tensor:  # noqa: ARG001
    """Mean cosine distance of the points of two clusters, if points have unit length."""
    return 1 - products


def ward(products: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
    """How much more the points of two clusters scatter about one mean than about two (Ward 1963)."""
    square, lightness = products.diagonal(), 1 / size
    distance = (square[:, None] + square).sub_(products, alpha=2)
    return distance.div_(lightness[:, None] + lightness)
