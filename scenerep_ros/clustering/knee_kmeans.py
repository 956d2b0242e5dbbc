"""Method `kmeans_knee`: as many clusters as the curve of the inertia suggests."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from kneed import KneeLocator

from scenerep_ros.clustering.feature_points import center_clusters, feature_points
from scenerep_ros.clustering.kmeans.sweep import kmeans_sweep
from scenerep_ros.config.options import SegmentationOptions
from scenerep_ros.frames import Clusters, Features


class KneeKMeans:
    """K-Means for every k of a range; the solution at the knee of the inertia is taken."""

    def __init__(self, options: SegmentationOptions) -> None:
        self.options = options

    def __call__(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        options = self.options
        points = feature_points(features, options.pca)
        sizes = range(options.min_clusters, options.max_clusters + 1)
        sweep = kmeans_sweep(points, sizes, options.seed)
        chosen = sweep.sizes.index(knee(sweep.sizes, sweep.inertia.tolist()))
        return center_clusters(points, sweep.centers[chosen], features)


def knee(sizes: Sequence[int], inertia: Sequence[float]) -> int:
    """Find the number of clusters after which more of them explain little.

    The knee is that of Satopaa et al. ("Finding a kneedle in a haystack", 2011). A curve without
    one (straight, flat, or of two points) gives no reason for more clusters: the least is taken.

    Args:
        sizes: numbers of clusters, rising.
        inertia: of each.
    """
    if len(sizes) < 3 or not inertia[-1] < inertia[0]:
        return sizes[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no knee
        found = KneeLocator(sizes, inertia, curve="convex", direction="decreasing").knee
    return sizes[0] if found is None else int(found)
