"""K-Means for a whole sweep of k at once, on any device.

1. The points are sketched to about 1.5 k dimensions, where iterations are cheap: the k centres
   span no more than k - 1, and little is lost beside those (Cohen et al., "Dimensionality
   reduction for k-means clustering and low rank approximation", STOC 2015).
2. A search on a sample of the points finds good starting centres for every k.
3. Lloyd's iterations converge, on all points: in the sketch first, then in all dimensions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from scenerep_ros.clustering.kmeans.lloyd import Problems
from scenerep_ros.clustering.kmeans.seeding import search
from scenerep_ros.clustering.projection import sketch

SAMPLE = 768
"""Points that the sketch and the search look at."""
SKETCH_TOLERANCE, TOLERANCE = 2e-3, 3e-3
"""Share of the inertia by which it must fall for one more iteration."""


@dataclass(frozen=True)
class KMeansSweep:
    """The solutions of one sweep, on the points' device.

    Attributes:
        sizes: the S numbers of clusters, rising.
        centers: S tensors (k, C) float32.
        inertia: (S,) float32, sum of squared distances of the points to their centres.
    """

    sizes: tuple[int, ...]
    centers: tuple[torch.Tensor, ...]
    inertia: torch.Tensor


@torch.inference_mode()
def kmeans_sweep(points: torch.Tensor, sizes: Iterable[int], seed: int = 0) -> KMeansSweep:
    """Cluster the same points into each of several numbers of clusters.

    Args:
        points: (N, C) float32, finite.
        sizes: the numbers of clusters; what exceeds N is taken as N.
        seed: of all that is random, which is drawn on the CPU, so that devices agree.

    Raises:
        ValueError: if there is no point or no size, or a size is below 1.
    """
    wanted = tuple(sorted({min(size, len(points)) for size in sizes}))
    if not wanted or wanted[0] < 1:
        raise ValueError(f"{len(points)} points in {wanted} clusters: there must be some of each")
    with one_thread():
        return _sweep(points, wanted, torch.Generator().manual_seed(seed))


def affinity(points: torch.Tensor, centers: torch.Tensor) -> torch.Tensor:
    """Score points (N, C) against centres (k, C): (k, N) float32, the nearest centre's is highest.

    The score is half the negative squared distance, but for a term that depends on the point alone.
    It is linear in the point: interpolating scores is interpolating points and scoring those.
    """
    origin = centers.mean(0)
    centers = centers - origin
    bias = -0.5 * centers.square().sum(1, keepdim=True)
    return torch.addmm(bias, centers, (points - origin).T)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one CPU thread: operations this small gain little from a second one.

    And they lose much where other processes want the cores, since all of hundreds of them wait for
    both threads: two cores shared with eight other processes took 425 ms for a sweep of k = 2..10
    on 1564 points with two threads, 65 ms with one (medians).
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _sweep(points: torch.Tensor, sizes: tuple[int, ...], generator: torch.Generator) -> KMeansSweep:
    mean = points.mean(0)
    centred = points - mean
    sample = torch.randperm(len(points), generator=generator)[:SAMPLE].to(points.device)
    flat = sketch(centred, centred[sample], _sketch_dimensions(sizes[-1]), generator)
    sketched, exact = Problems(flat, sizes), Problems(centred, sizes)
    members, _ = sketched.assign(search(flat[sample], sizes, generator))
    fit = exact.converge(sketched.converge(members, SKETCH_TOLERANCE).members, TOLERANCE)
    centers = (mean + center[:size] for center, size in zip(fit.centers, sizes, strict=True))
    return KMeansSweep(sizes, tuple(centers), exact.precise_inertia(fit))


def _sketch_dimensions(largest: int) -> int:
    """1.5 k in whole SIMD registers: 15 columns took nearly three times as long as 16."""
    return 8 * -(-3 * largest // 16)
