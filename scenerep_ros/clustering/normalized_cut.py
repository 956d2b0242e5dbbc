"""Recursive bipartition of the affinity graph of the patches by the normalized cut."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_ros.clustering.affinity import affinity_matrix, soft_assignment
from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.config.constants import tuned
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features


@dataclass(frozen=True)
class NormalizedCutConstants:
    """Tuned constants of the normalized cut."""

    min_patches: int = tuned(4, "number of patches of the smallest cluster", set_on="not recorded")
    subspace_size: int = tuned(
        4,
        "number of iterated vectors, of which one is used; more vectors speed up its convergence",
        set_on="not recorded",
    )
    max_iterations: int = tuned(60, "largest number of subspace iterations", set_on="not recorded")
    check_period: int = tuned(
        5, "number of iterations between two checks for convergence", set_on="not recorded"
    )
    tolerance: float = tuned(
        1e-3, "residual of the eigenvector at which the iteration ends", set_on="not recorded"
    )


CONSTANTS = NormalizedCutConstants()


@dataclass(frozen=True, eq=False)
class _Subgraph:
    """Subset of the patches with its best bipartition.

    Attributes:
        patches: (n,) int64, indices in the grid.
        side: (n,) bool, side of the cut of each patch.
        cost: value of the normalized cut, 0..2; inf if the subgraph is too small to be cut.
    """

    patches: torch.Tensor
    side: torch.Tensor
    cost: float


class NormalizedCut:
    """Recursive normalized cut (Shi and Malik, "Normalized cuts and image segmentation", 2000).

    TokenCut, MaskCut and DiffCut apply it to the features of self-supervised networks, too. The
    subgraph with the cheapest cut is divided next, until all cuts cost more than `max_cost` or there
    are `max_clusters` subgraphs. The eigenvectors of the previous frame initialize the iteration of
    the next one.

    Args:
        max_cost: value of the normalized cut from which a subgraph is not divided, 0..2.
        max_clusters: largest number of clusters.
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
        affinities = affinity_matrix(feature_points(features, self._options.pca))
        initial_vectors = self._eigenvectors
        if initial_vectors is not None and len(initial_vectors) != len(affinities):
            initial_vectors = None
        patches = torch.arange(len(affinities), device=affinities.device)
        graph, self._eigenvectors = _bisect(affinities, patches, initial_vectors)
        return soft_assignment(affinities, self._divide(affinities, graph), (rows, columns))

    def _divide(self, affinities: torch.Tensor, graph: _Subgraph) -> torch.Tensor:
        """Divide a graph recursively; returns the cluster (N,) int64 of each patch."""
        subgraphs = [graph]
        while len(subgraphs) < self._max_clusters:
            cheapest = min(subgraphs, key=lambda subgraph: subgraph.cost)
            if not cheapest.cost < self._max_cost:
                break
            subgraphs.remove(cheapest)
            for side in (cheapest.side, ~cheapest.side):
                subgraphs.append(_bisect(affinities, cheapest.patches[side])[0])
        assignment = torch.zeros(len(affinities), dtype=torch.int64, device=affinities.device)
        for cluster, subgraph in enumerate(subgraphs):
            assignment[subgraph.patches] = cluster
        return assignment


def _bisect(
    affinities: torch.Tensor, patches: torch.Tensor, initial_vectors: torch.Tensor | None = None
) -> tuple[_Subgraph, torch.Tensor | None]:
    """Find the cheapest bipartition of a subset of the patches.

    Args:
        affinities: (N, N) float32.
        patches: (n,) int64, the subset.
        initial_vectors: (n, subspace_size), initialization of the subspace iteration.

    Returns:
        The subgraph, and its eigenvectors (n, subspace_size); None if it is too small to be cut.
    """
    min_patches = CONSTANTS.min_patches
    side = torch.zeros_like(patches, dtype=torch.bool)
    if len(patches) < 2 * min_patches:
        return _Subgraph(patches, side, float("inf")), None
    # Relax the cut to real numbers: order the patches by the second generalized eigenvector.
    inner = affinities[patches[:, None], patches]
    vectors = leading_eigenvectors(inner, initial_vectors)
    order = (vectors[:, 0] * inner.sum(dim=1).rsqrt()).argsort()
    # Divide the order where the cut is cheapest.
    costs = normalized_cut_costs(inner[order[:, None], order])
    costs = costs[min_patches - 1 : len(patches) - min_patches]
    best = int(costs.argmin())
    side[order[: best + min_patches]] = True
    return _Subgraph(patches, side, float(costs[best])), vectors


def leading_eigenvectors(
    affinities: torch.Tensor, initial_vectors: torch.Tensor | None = None
) -> torch.Tensor:
    """Find the leading eigenvectors of D^-1/2 W D^-1/2 except the first, by subspace iteration.

    The first eigenvector is known: it is the square root of the degrees. The iteration is kept
    orthogonal to it.

    Args:
        affinities: (N, N) float32, the matrix W; positive semidefinite, with positive row sums.
        initial_vectors: (N, subspace_size), such as the eigenvectors of a similar graph.

    Returns:
        (N, subspace_size) orthonormal, in descending order of their eigenvalues; only the first of
        them has converged.
    """
    root_degree = affinities.sum(dim=1).sqrt()
    normalized = affinities / root_degree / root_degree[:, None]
    first = (root_degree / root_degree.norm())[:, None]
    vectors = _random_vectors(affinities) if initial_vectors is None else initial_vectors
    for iteration in range(1, CONSTANTS.max_iterations + 1):
        # Multiply by the matrix and orthonormalize.
        vectors = normalized @ vectors
        vectors = torch.linalg.qr(vectors - first @ (first.T @ vectors)).Q
        if iteration % CONSTANTS.check_period:
            continue
        # Rotate the basis to approximate eigenvectors (Rayleigh-Ritz) and check the residual.
        image = normalized @ vectors
        values, rotation = torch.linalg.eigh(vectors.T @ image)
        vectors, image = vectors @ rotation.flip(1), image @ rotation.flip(1)
        if (image[:, 0] - values[-1] * vectors[:, 0]).norm() < CONSTANTS.tolerance:
            break
    return vectors


def normalized_cut_costs(affinities: torch.Tensor) -> torch.Tensor:
    """Compute the normalized cut between the first n patches and the others, for n = 1..N.

    Args:
        affinities: (N, N) float32, in the order of the patches.

    Returns:
        (N,) float32, 0..2.
    """
    association = affinities.sum(dim=1).cumsum(0)
    inner_sum = (2 * affinities.tril(-1).sum(dim=1) + affinities.diagonal()).cumsum(0)
    cut = (association - inner_sum).clamp_min(0)
    return cut / association + cut / (association[-1] - association).clamp_min(1e-12)


def _random_vectors(affinities: torch.Tensor) -> torch.Tensor:
    """Draw the same initial vectors (N, subspace_size) on every device."""
    generator = torch.Generator().manual_seed(0)
    shape = len(affinities), CONSTANTS.subspace_size
    return torch.randn(*shape, generator=generator).to(affinities)
