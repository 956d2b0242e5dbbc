"""The methods that cut a feature grid into clusters.

A new method is a class in a file of its own, one line in METHODS, and its name in `config.Method`.
"""

from __future__ import annotations

from collections.abc import Callable

from scenerep_ros.clustering.agglomerative import Agglomeration
from scenerep_ros.clustering.attention_heads import AttentionClustering
from scenerep_ros.clustering.fixed_kmeans import FixedKMeans
from scenerep_ros.clustering.knee_kmeans import KneeKMeans
from scenerep_ros.clustering.normalized_cut import NormalisedCut
from scenerep_ros.clustering.spectral import SpectralClustering
from scenerep_ros.config.options import Method, SegmentationOptions
from scenerep_ros.frames import Clusters, Features

Clustering = Callable[[Features], Clusters]
"""A method with its options: the features of one image to scores a cluster."""

METHODS: dict[Method, Callable[[SegmentationOptions], Clustering]] = {
    "fused": KneeKMeans,
    "attention": AttentionClustering,
    "kmeans": FixedKMeans,
    "kmeans_knee": KneeKMeans,
    "ncut": NormalisedCut,
    "agglomeration": Agglomeration,
    "spectral": SpectralClustering,
}


def make_clustering(options: SegmentationOptions) -> Clustering:
    """Build the method that the options name."""
    return METHODS[options.method](options)
