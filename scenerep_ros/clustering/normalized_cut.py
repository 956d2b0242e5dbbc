"""Recursive bipartition of the affinity graph of the patches by the normalized cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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

    patches: NDArray[np.int64]
    side: NDArray[np.bool_]
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
        self._eigenvectors: NDArray[np.float32] | None = None

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
        patches = np.arange(len(affinities))
        graph, self._eigenvectors = _bisect(affinities, patches, initial_vectors)
        return soft_assignment(affinities, self._divide(affinities, graph), (rows, columns))

    def _divide(self, affinities: NDArray[np.float32], graph: _Subgraph) -> NDArray[np.int64]:
        """Divide a graph recursively; returns the cluster (N,) int64 of each patch."""
        subgraphs = [graph]
        while len(subgraphs) < self._max_clusters:
            cheapest = min(subgraphs, key=lambda subgraph: subgraph.cost)
            if not cheapest.cost < self._max_cost:
                break
            subgraphs.remove(cheapest)
            for side in (cheapest.side, ~cheapest.side):
                subgraphs.append(_bisect(affinities, cheapest.patches[side])[0])
        assignment = np.zeros(len(affinities), np.int64)
        for cluster, subgraph in enumerate(subgraphs):
            assignment[subgraph.patches] = cluster
        return assignment


def _bisect(
    affinities: NDArray[np.float32],
    patches: NDArray[np.int64],
    initial_vectors: NDArray[np.float32] | None = None,
) -> tuple[_Subgraph, NDArray[np.float32] | None]:
    """Find the cheapest bipartition of a subset of the patches.

    Args:
        affinities: (N, N) float32.
        patches: (n,) int64, the subset.
        initial_vectors: (n, subspace_size), initialization of the subspace iteration.

    Returns:
        The subgraph, and its eigenvectors (n, subspace_size); None if it is too small to be cut.
    """
    min_patches = CONSTANTS.min_patches
    side = np.zeros(len(patches), np.bool_)
    if len(patches) < 2 * min_patches:
        return _Subgraph(patches, side, float("inf")), None
    # Relax the cut to real numbers: order the patches by the second generalized eigenvector.
    inner = affinities[np.ix_(patches, patches)]
    vectors = leading_eigenvectors(inner, initial_vectors)
    order = (vectors[:, 0] / np.sqrt(inner.sum(1))).argsort()
    # Divide the order where the cut is cheapest.
    costs = normalized_cut_costs(inner[np.ix_(order, order)])
    costs = costs[min_patches - 1 : len(patches) - min_patches]
    best = int(costs.argmin())
    side[order[: best + min_patches]] = True
    return _Subgraph(patches, side, float(costs[best])), vectors


def leading_eigenvectors(
    affinities: NDArray[np.float32], initial_vectors: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
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
    root_degree = np.sqrt(affinities.sum(1))
    normalized = affinities / root_degree / root_degree[:, None]
    first = (root_degree / np.linalg.norm(root_degree))[:, None]
    vectors = initial_vectors
    if vectors is None:
        shape = len(affinities), CONSTANTS.subspace_size
        vectors = np.random.default_rng(0).standard_normal(shape, np.float32)
    for iteration in range(1, CONSTANTS.max_iterations + 1):
        # Multiply by the matrix and orthonormalize.
        vectors = normalized @ vectors
        vectors, _ = np.linalg.qr(vectors - first @ (first.T @ vectors))
        if iteration % CONSTANTS.check_period:
            continue
        # Rotate the basis to approximate eigenvectors (Rayleigh-Ritz) and check the residual.
        image = normalized @ vectors
        values, rotation = np.linalg.eigh(vectors.T @ image)
        vectors, image = vectors @ rotation[:, ::-1], image @ rotation[:, ::-1]
        if np.linalg.norm(image[:, 0] - values[-1] * vectors[:, 0]) < CONSTANTS.tolerance:
            break
    return vectors


def normalized_cut_costs(affinities: NDArray[np.float32]) -> NDArray[np.float64]:
    """Compute the normalized cut between the first n patches and the others, for n = 1..N.

    Args:
        affinities: (N, N) float32, in the order of the patches.

    Returns:
        (N,) float64, 0..2.
    """
    association = affinities.sum(1).cumsum(dtype=np.float64)
    inner_sum = 2 * np.tril(affinities, -1).sum(1) + affinities.diagonal()
    inner_sum = inner_sum.cumsum(dtype=np.float64)
    cut = np.maximum(association - inner_sum, 0)
    return cut / association + cut / np.maximum(association[-1] - association, 1e-12)
