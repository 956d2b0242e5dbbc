"""K-Means for a whole sweep of k at once.

1. The points are sketched to about 1.5 k dimensions, where iterations are cheap: the k centers
   span no more than k - 1, and little is lost beside those (Cohen et al., "Dimensionality
   reduction for k-means clustering and low rank approximation", STOC 2015).
2. A search on a sample of the points finds initial centers for every k.
3. Lloyd's algorithm converges on all points: in the sketch first, then in all dimensions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.clustering.kmeans.lloyd import BatchedLloyd, squared_norms
from scenerep_ros.clustering.kmeans.seeding import find_initial_centers
from scenerep_ros.clustering.projection import sketch
from scenerep_ros.config.constants import tuned


@dataclass(frozen=True)
class SweepConstants:
    """Tuned constants of the K-Means sweep."""

    sample_size: int = tuned(
        768,
        "number of points on which the sketch and the search are computed",
        set_on="not recorded",
    )
    sketch_tolerance: float = tuned(
        2e-3,
        "ratio of the inertia by which it must decrease for one more iteration in the sketch",
        set_on="not recorded",
    )
    tolerance: float = tuned(
        3e-3,
        "ratio of the inertia by which it must decrease for one more iteration in all dimensions",
        set_on="not recorded",
    )


CONSTANTS = SweepConstants()


@dataclass(frozen=True)
class KMeansSweep:
    """Solutions of one sweep.

    Attributes:
        cluster_counts: the S numbers of clusters, ascending.
        centers: S arrays (k, C) float32.
        inertia: (S,) float32, sum of squared distances of the points to their centers.
    """

    cluster_counts: tuple[int, ...]
    centers: tuple[NDArray[np.float32], ...]
    inertia: NDArray[np.float32]


def kmeans_sweep(
    points: NDArray[np.float32], cluster_counts: Iterable[int], seed: int = 0
) -> KMeansSweep:
    """Cluster the same points into each of several numbers of clusters.

    Args:
        points: (N, C) float32, finite.
        cluster_counts: numbers of clusters; values above N count as N.
        seed: seed of all random numbers.

    Raises:
        ValueError: if there are no points or no cluster counts, or a count is below 1.
    """
    counts = tuple(sorted({min(count, len(points)) for count in cluster_counts}))
    if not counts or counts[0] < 1:
        raise ValueError(
            f"cannot divide {len(points)} points into {counts} clusters: at least one point and "
            "one positive number of clusters are needed"
        )
    return _sweep(points, counts, np.random.default_rng(seed))


def center_scores(points: NDArray[np.float32], centers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Score points against centers; the nearest center has the highest score.

    The score is half the negative squared distance plus a term that depends on the point alone. It
    is linear in the point, so interpolated scores are the scores of interpolated points.

    Args:
        points: (N, C) float32.
        centers: (k, C) float32.

    Returns:
        (k, N) float32.
    """
    origin = centers.mean(0)
    centers = centers - origin
    scores = centers @ (points - origin).T
    scores -= 0.5 * squared_norms(centers)[:, None]
    return scores


def _sweep(
    points: NDArray[np.float32], cluster_counts: tuple[int, ...], generator: np.random.Generator
) -> KMeansSweep:
    mean = points.mean(0)
    centered = points - mean
    # Sketch the points.
    sample = generator.permutation(len(points))[: CONSTANTS.sample_size]
    dimensions = _sketch_dimensions(cluster_counts[-1])
    sketched = sketch(centered, centered[sample], dimensions, generator)
    # Search initial centers on the sample and converge in the sketch.
    sketched_problems = BatchedLloyd(sketched, cluster_counts)
    problems = BatchedLloyd(centered, cluster_counts)
    initial_centers = find_initial_centers(sketched[sample], cluster_counts, generator)
    memberships, _ = sketched_problems.assign(initial_centers)
    approximate = sketched_problems.converge(memberships, CONSTANTS.sketch_tolerance)
    # Converge in all dimensions.
    solution = problems.converge(approximate.memberships, CONSTANTS.tolerance)
    centers = (
        mean + slots[:count] for slots, count in zip(solution.centers, cluster_counts, strict=True)
    )
    return KMeansSweep(cluster_counts, tuple(centers), problems.precise_inertia(solution))


def _sketch_dimensions(max_clusters: int) -> int:
    """Round 1.5 k up to whole SIMD registers: 15 columns take nearly three times as long as 16."""
    return 8 * -(-3 * max_clusters // 16)
