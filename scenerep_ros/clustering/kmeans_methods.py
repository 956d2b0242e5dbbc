"""K-Means with a fixed number of clusters, or with the number at the knee of the inertia curve."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from kneed import KneeLocator

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.feature_points import center_clusters, feature_points
from scenerep_ros.clustering.kmeans.sweep import kmeans_sweep
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features


def kmeans(features: Features, clusters: int, options: ClusteringOptions) -> Clusters:
    """Cluster one feature grid into a fixed number of clusters.

    A grid with fewer patches than clusters gets one cluster a patch.
    """
    points = feature_points(features, options.pca)
    solution = kmeans_sweep(points, [clusters], options.seed)
    return center_clusters(points, solution.centers[0], features)


def kmeans_with_knee(
    features: Features, min_clusters: int, max_clusters: int, options: ClusteringOptions
) -> Clusters:
    """Run K-Means for every k of a range and keep the solution at the knee of the inertia."""
    points = feature_points(features, options.pca)
    sweep = kmeans_sweep(points, range(min_clusters, max_clusters + 1), options.seed)
    chosen = sweep.sizes.index(find_knee(sweep.sizes, sweep.inertia.tolist()))
    return center_clusters(points, sweep.centers[chosen], features)


def find_knee(sizes: Sequence[int], inertia: Sequence[float]) -> int:
    """Find the number of clusters beyond which more clusters explain little.

    The knee is that of Satopaa et al., "Finding a kneedle in a haystack" (ICDCSW 2011). A curve
    without a knee (straight, flat, or of two points) gives no reason for more clusters, so the
    smallest number is returned.

    Args:
        sizes: numbers of clusters, ascending.
        inertia: inertia of each.
    """
    if len(sizes) < 3 or not inertia[-1] < inertia[0]:
        return sizes[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kneed warns if there is no knee
        knee = KneeLocator(sizes, inertia, curve="convex", direction="decreasing").knee
    return sizes[0] if knee is None else int(knee)
