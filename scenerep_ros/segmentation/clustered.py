"""Base of the segmenters that cluster the features: each region of a cluster is an object."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import BACKGROUND, UNLABELLED, Features, Segmentation
from scenerep_ros.geometry.discontinuities import depth_discontinuities
from scenerep_ros.ops.regions import (
    binary_opening,
    connected_regions,
    filter_small_regions,
    region_growing,
)
from scenerep_ros.ops.working_grid import upsample_nearest
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.segmentation.base import Segmenter
from scenerep_ros.segmentation.depth.label_propagation import propagate_labels
from scenerep_ros.segmentation.depth.support_planes import (
    filter_protruding_regions,
    segment_support_planes,
)
from scenerep_ros.segmentation.rgb.rgb_segmentation import segment_rgb

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ClusteredConstants:
    """Tuned constants of segmentation by clusters."""

    max_growth_px: int = tuned(
        4,
        "distance that a region grows back into the discontinuities around it",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )


CONSTANTS = ClusteredConstants()


@dataclass(frozen=True)
class ForegroundGeometry:
    """Geometry of a frame with depth, on the working grid.

    Attributes:
        candidates: (h, w) bool, pixels in range that belong to no structure or support surface.
        separable: (h, w) bool, candidates without those at depth discontinuities.
        near_plane: (h, w) bool, pixels near the extension of a support plane.
    """

    candidates: Mask
    separable: Mask
    near_plane: Mask


@dataclass(frozen=True)
class ClusteredPreparation:
    """Result of `ClusteredSegmenter.prepare`.

    Attributes:
        context: the frame.
        geometry: None if the frame has no usable depth.
    """

    context: FrameContext
    geometry: ForegroundGeometry | None


class ClusteredSegmenter(Segmenter[ClusteredPreparation]):
    """Segmentation into the connected regions of clusters.

    With depth, structure, support surfaces and everything out of range are background, and the
    connected regions of each cluster that no depth discontinuity separates are objects. Without
    depth, the regions in the foreground of the CLS attention are objects.
    """

    @abstractmethod
    def cluster(self, features: Features) -> Clusters:
        """Cluster one feature grid."""

    def prepare(self, context: FrameContext) -> ClusteredPreparation:
        """Find support planes and depth discontinuities."""
        geometry = self._find_geometry(context) if context.has_depth else None
        return ClusteredPreparation(context, geometry)

    def segment(self, features: Features, prepared: ClusteredPreparation) -> Segmentation:
        """Segment one frame."""
        context, geometry = prepared.context, prepared.geometry
        clusters = self.cluster(features)
        if geometry is None:
            color, min_area = context.frame.color, self.config.min_area
            return Segmentation(segment_rgb(clusters, features, color, min_area))
        cluster_labels = clusters.label_image(context.shape, context.working_step)
        labels = self._split(cluster_labels.astype(np.int32), geometry, features, context)
        return Segmentation(upsample_nearest(labels, context.shape))

    def _find_geometry(self, context: FrameContext) -> ForegroundGeometry:
        view, options = context.working_depth, self.config.depth
        planes = segment_support_planes(view, options)
        in_range = view.values > 1 / options.max_range
        candidates = binary_opening(~planes.is_background & in_range)
        return ForegroundGeometry(
            candidates,
            candidates & ~depth_discontinuities(view.values, options.gap),
            planes.is_near_plane,
        )

    def _split(
        self,
        cluster_labels: Labels,
        geometry: ForegroundGeometry,
        features: Features,
        context: FrameContext,
    ) -> Labels:
        """Split clusters at depth discontinuities.

        Args:
            cluster_labels: (h, w) int32 on the working grid, 0 for background.
            geometry: geometry of the frame.
            features: features of the frame.
            context: the frame.

        Returns:
            (h, w) int32 labels on the working grid.
        """
        view, min_area = context.working_depth, self.config.min_area
        is_foreground = cluster_labels > 0
        # Find the connected regions of each cluster that protrude from the background planes.
        regions = split_labels_into_regions(np.where(geometry.separable, cluster_labels, 0))
        regions = filter_protruding_regions(regions, geometry.near_plane, min_area / 2)
        # Return the pixels at discontinuities to the regions beside them.
        growth_mask = geometry.candidates & is_foreground
        grown = region_growing(
            regions, growth_mask, view.values, self.config.depth.gap, CONSTANTS.max_growth_px
        )
        labels = filter_small_regions(grown, min_area)
        # Propagate labels to foreground pixels without depth.
        is_labelled = view.valid | ~is_foreground
        labels = propagate_labels(labels, is_labelled, features)
        labels[is_labelled & (labels == UNLABELLED)] = BACKGROUND
        return labels


def split_labels_into_regions(labels: Labels) -> Labels:
    """Number the connected regions of all labels 1..K; 0 stays 0.

    >>> split_labels_into_regions(np.array([[1, 0, 1, 2]], np.int32)).tolist()
    [[1, 0, 2, 3]]
    """
    regions = np.zeros_like(labels)
    for label in range(1, int(labels.max()) + 1):
        label_regions = connected_regions(labels == label)
        regions[label_regions > 0] = label_regions[label_regions > 0] + regions.max()
    return regions
