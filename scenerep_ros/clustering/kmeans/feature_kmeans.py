"""K-Means with a fixed number of clusters, or with the number at the knee of the inertia curve."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.feature_points import clusters_from_centers, feature_points
from scenerep_ros.clustering.kmeans.sweep import kmeans_sweep
from scenerep_ros.config.options import ClusteringOptions
from scenerep_ros.frames import Features

MIN_CURVE_POINTS = 3  # constant: a bend has three points
"""Number of points from which a curve can have a knee."""


def kmeans(features: Features, cluster_count: int, options: ClusteringOptions) -> Clusters:
    """Cluster one feature grid into a fixed number of clusters.

    Args:
        features: features of one image.
        cluster_count: number of clusters; a grid with fewer patches gets one cluster a patch.
        options: reduction of the features, and seed.
    """
    points = feature_points(features, options.pca)
    sweep = kmeans_sweep(points, [cluster_count], options.seed)
    return clusters_from_centers(points, sweep.centers[0], features)


def kmeans_with_knee(
    features: Features, min_clusters: int, max_clusters: int, options: ClusteringOptions
) -> Clusters:
    """Run K-Means for every k of a range and keep the solution at the knee of the inertia.

    Args:
        features: features of one image.
        min_clusters: smallest number of clusters.
        max_clusters: largest number of clusters.
        options: reduction of the features, and seed.
    """
    points = feature_points(features, options.pca)
    sweep = kmeans_sweep(points, range(min_clusters, max_clusters + 1), options.seed)
    knee = find_knee(sweep.cluster_counts, sweep.inertia.tolist())
    centers = sweep.centers[sweep.cluster_counts.index(knee)]
    return clusters_from_centers(points, centers, features)


def find_knee(cluster_counts: Sequence[int], inertia: Sequence[float]) -> int:
    """Find the number of clusters beyond which more clusters explain little.

    The knee is that of Satopaa et al., "Finding a kneedle in a haystack" (ICDCSW 2011). A curve
    without a knee (straight, flat, or of two points) gives no reason for more clusters, so the
    smallest number is returned.

    Args:
        cluster_counts: numbers of clusters, ascending.
        inertia: inertia of each.

    >>> find_knee([2, 3, 4, 5, 6], [100.0, 40.0, 10.0, 9.0, 8.0])
    4
    """
    if len(cluster_counts) < MIN_CURVE_POINTS or not inertia[-1] < inertia[0]:
        return cluster_counts[0]
    from kneed import KneeLocator  # slow: it imports matplotlib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kneed warns if there is no knee
        knee = KneeLocator(cluster_counts, inertia, curve="convex", direction="decreasing").knee
    return cluster_counts[0] if knee is None else int(knee)
