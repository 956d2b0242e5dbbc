"""K-Means for a whole sweep of k at once, on any device.

1. The points are sketched to about 1.5 k dimensions, where iterations are cheap: the k centers
   span no more than k - 1, and little is lost beside those (Cohen et al., "Dimensionality
   reduction for k-means clustering and low rank approximation", STOC 2015).
2. A search on a sample of the points finds initial centers for every k.
3. Lloyd's algorithm converges on all points: in the sketch first, then in all dimensions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch

from scenerep_ros.clustering.kmeans.lloyd import BatchedLloyd
from scenerep_ros.clustering.kmeans.seeding import find_initial_centers
from scenerep_ros.clustering.projection import sketch
from scenerep_ros.config.constants import tuned
from scenerep_ros.ops.torch_threads import single_torch_thread


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
    """Solutions of one sweep, on the points' device.

    Attributes:
        cluster_counts: the S numbers of clusters, ascending.
        centers: S tensors (k, C) float32.
        inertia: (S,) float32, sum of squared distances of the points to their centers.
    """

    cluster_counts: tuple[int, ...]
    centers: tuple[torch.Tensor, ...]
    inertia: torch.Tensor


@torch.inference_mode()
def kmeans_sweep(points: torch.Tensor, cluster_counts: Iterable[int], seed: int = 0) -> KMeansSweep:
    """Cluster the same points into each of several numbers of clusters.

    Args:
        points: (N, C) float32, finite.
        cluster_counts: numbers of clusters; values above N count as N.
        seed: seed of all random numbers, which are drawn on the CPU, so that devices agree.

    Raises:
        ValueError: if there are no points or no cluster counts, or a count is below 1.
    """
    counts = tuple(sorted({min(count, len(points)) for count in cluster_counts}))
    if not counts or counts[0] < 1:
        raise ValueError(
            f"cannot divide {len(points)} points into {counts} clusters: at least one point and "
            "one positive number of clusters are needed"
        )
    with single_torch_thread():
        return _sweep(points, counts, torch.Generator().manual_seed(seed))


def center_scores(points: torch.Tensor, centers: torch.Tensor) -> torch.Tensor:
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
    bias = -0.5 * centers.square().sum(1, keepdim=True)
    return torch.addmm(bias, centers, (points - origin).T)


def _sweep(
    points: torch.Tensor, cluster_counts: tuple[int, ...], generator: torch.Generator
) -> KMeansSweep:
    mean = points.mean(0)
    centered = points - mean
    # Sketch the points.
    order = torch.randperm(len(points), generator=generator)
    sample = order[: CONSTANTS.sample_size].to(points.device)
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
