"""Method `fused`: objects from depth where a frame has it, from features elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.kmeans_methods import kmeans_with_knee
from scenerep_ros.config.constants import tuned
from scenerep_ros.config.options import ClusterRangeOptions
from scenerep_ros.frames import BACKGROUND, UNLABELLED, Features, Segmentation
from scenerep_ros.geometry.discontinuities import concavity, depth_discontinuities
from scenerep_ros.ops.regions import (
    binary_opening,
    connected_regions,
    filter_labels,
    filter_small_regions,
    region_growing,
)
from scenerep_ros.ops.working_grid import upsample_nearest
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.segmentation.base import Segmenter
from scenerep_ros.segmentation.depth.label_propagation import fill_undecided
from scenerep_ros.segmentation.depth.merging import merge_pieces
from scenerep_ros.segmentation.depth.missing_depth_objects import blind_spots
from scenerep_ros.segmentation.depth.projector_shadows import fill_shadows
from scenerep_ros.segmentation.depth.support_planes import find_background, furniture, standing
from scenerep_ros.segmentation.registry import SEGMENTERS
from scenerep_ros.segmentation.rgb.refinement import add_unseen, follow_color
from scenerep_ros.segmentation.rgb.segment import cut_regions

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FusedConstants:
    """Tuned constants of the method `fused`."""

    min_depth_ratio: float = tuned(
        0.5,
        "ratio of pixels with depth below which objects are segmented without depth, too",
        set_on="not recorded",
    )
    max_growth_px: int = tuned(
        12,
        "distance that a region grows into the discontinuities around it",
        unit="px",
        grid="working grid, 320 columns",
        set_on="not recorded",
    )


CONSTANTS = FusedConstants()


@dataclass(frozen=True)
class DepthPartition:
    """Partition of a frame by depth and colour, on the working grid.

    Attributes:
        labels: (h, w) int32, 1..K; 0 where a pixel is background or undecided.
        decided: (h, w) bool, pixels whose label is final.
        measured: (h, w) bool, pixels with depth.
    """

    labels: Labels
    decided: Mask
    measured: Mask


@dataclass(frozen=True)
class FusedPreparation:
    """Result of `FusedSegmenter.prepare`.

    Attributes:
        context: the frame.
        partition: None if the frame has no usable depth.
    """

    context: FrameContext
    partition: DepthPartition | None

    @property
    def requires_clusters(self) -> bool:
        """True if objects are segmented without depth, too."""
        return self.partition is None or self.context.depth_ratio < CONSTANTS.min_depth_ratio


class FusedOptions(ClusterRangeOptions):
    """Options of the method `fused`, for frames without depth."""


@SEGMENTERS.register("fused")
class FusedSegmenter(Segmenter[FusedPreparation]):
    """Segmentation by depth, completed by features.

    With depth, the planes that carry the scene are background. The rest is split at depth
    discontinuities and concave creases (Stein et al., "Object partitioning using local convexity",
    CVPR 2014), and regions whose shape and colour belong to one object are merged. Projector shadows
    belong to the surface they fall on, compact holes of another colour than the surface around them
    are objects, and pixels without depth take the label of similar patches nearby.

    Without depth, the regions of K-Means in the foreground of the CLS attention are objects. With
    little depth, such regions outside of the measured depth are objects, too.
    """

    summary = "depth separates objects, features complete them; K-Means with knee without depth"
    Options = FusedOptions
    options: FusedOptions

    def cluster(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        sizes = self.options.min_clusters, self.options.max_clusters
        return kmeans_with_knee(features, *sizes, self.config.clustering)

    def prepare(self, context: FrameContext) -> FusedPreparation:
        """Partition the frame by depth, where it has usable depth."""
        return FusedPreparation(context, self._partition(context) if context.has_depth else None)

    def segment(self, features: Features, prepared: FusedPreparation) -> Segmentation:
        """Segment one frame."""
        context, partition = prepared.context, prepared.partition
        objects = None
        if prepared.requires_clusters:
            color, min_area = context.frame.color, self.config.min_area
            objects = cut_regions(self.cluster(features), features, color, min_area)
        if partition is None:
            assert objects is not None
            return Segmentation(objects)
        labels = self._complete(partition, objects, features, context)
        inferred = upsample_nearest(~partition.decided, context.shape)
        return Segmentation(upsample_nearest(labels, context.shape), inferred)

    def _partition(self, context: FrameContext) -> DepthPartition:
        view, options, min_area = context.working_depth, self.config.depth, self.config.min_area
        # Remove the planes that carry the scene.
        background, near_plane = find_background(view, options)
        in_range = view.values > 1 / options.max_range
        candidates = binary_opening(~background & in_range)
        # Split the rest at discontinuities and concave creases.
        edges = depth_discontinuities(view.values, options.gap)
        edges |= concavity(view.smoothed) > options.crease
        pieces = standing(connected_regions(candidates & ~edges), near_plane, min_area / 2)
        pieces = region_growing(
            pieces, candidates, view.values, options.gap, CONSTANTS.max_growth_px
        )
        # Remove regions that are too large for an object, and merge those of one object.
        oversized = furniture(pieces, view, options.max_size)
        things = filter_labels(pieces, ~oversized)
        labels = filter_small_regions(merge_pieces(things, view, context.working_color), min_area)
        out_of_range = view.valid & ~in_range
        decided = (labels > 0) | background | near_plane | out_of_range | oversized[pieces]
        # Explain holes in the depth: projector shadows, then dark and reflecting objects.
        labels, decided = fill_shadows(labels, decided, view, options.gap)
        holes = ~view.valid & ~decided
        missing = blind_spots(holes, background, context.working_color, min_area)
        labels = np.where(missing > 0, missing + labels.max(), labels)
        return DepthPartition(labels, decided | (missing > 0), view.valid)

    def _complete(
        self,
        partition: DepthPartition,
        objects: Labels | None,
        features: Features,
        context: FrameContext,
    ) -> Labels:
        """Label the undecided pixels of a partition; returns labels (h, w).

        Args:
            partition: of the frame.
            objects: (H, W) int32, objects that were segmented without depth; None where not needed.
            features: of the frame.
            context: of the frame.
        """
        labels = fill_undecided(partition.labels, partition.decided, features)
        labels[partition.measured & (labels == UNLABELLED)] = BACKGROUND
        if objects is None:
            return labels
        step, min_pixels = context.working_step, int(self.config.min_area * labels.size)
        outside = objects[::step, ::step]
        add_unseen(labels, partition.labels, partition.decided, outside, min_pixels)
        return follow_color(labels, partition.decided, context.working_color)
