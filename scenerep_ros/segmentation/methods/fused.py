"""Method `fused`: objects from depth where a frame has it, from features elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.clustering.kmeans.feature_kmeans import kmeans_with_knee
from scenerep_ros.config.constants import tuned
from scenerep_ros.config.options import ClusterRangeOptions, OptionGroup
from scenerep_ros.frames import BACKGROUND, UNLABELLED, Features, Segmentation
from scenerep_ros.geometry.discontinuities import concavity, depth_discontinuities
from scenerep_ros.ops.region_samples import RegionSamples
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
from scenerep_ros.segmentation.depth.furniture import add_furniture, segment_furniture
from scenerep_ros.segmentation.depth.label_propagation import propagate_labels
from scenerep_ros.segmentation.depth.low_objects import detect_low_objects
from scenerep_ros.segmentation.depth.merging import merge_object_regions
from scenerep_ros.segmentation.depth.missing_depth_objects import detect_missing_depth_objects
from scenerep_ros.segmentation.depth.projector_shadows import label_projector_shadows
from scenerep_ros.segmentation.depth.region_length import find_oversized_regions
from scenerep_ros.segmentation.depth.support_planes import (
    filter_protruding_regions,
    segment_support_planes,
)
from scenerep_ros.segmentation.registry import SEGMENTERS
from scenerep_ros.segmentation.rgb.foreground_head import ForegroundLogits, load_foreground_head
from scenerep_ros.segmentation.rgb.refinement import (
    add_objects_without_depth,
    refine_borders_by_color,
)
from scenerep_ros.segmentation.rgb.rgb_segmentation import segment_rgb, segment_room

if TYPE_CHECKING:  # the pipeline's options contain those of every registered segmenter
    from scenerep_ros.config.pipeline import PipelineConfig

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
    """Partition of a frame by depth and color, on the working grid.

    Attributes:
        labels: (h, w) int32, 1..K; 0 where a pixel is background or not labelled.
        is_labelled: (h, w) bool, pixels whose label is final.
        has_depth: (h, w) bool, pixels with depth.
    """

    labels: Labels
    is_labelled: Mask
    has_depth: Mask


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

    With depth, structure and support surfaces are background. The rest is split at depth
    discontinuities and concave creases (Stein et al., "Object partitioning using local convexity",
    CVPR 2014), and regions whose shape and color belong to one object are merged. Projector shadows
    belong to the surface they fall on. Compact parts of a surface that rise above it by more than the
    noise of its depth, or that have no depth, and that have another color, are objects. Pixels
    without depth take the label of similar patches nearby.

    With a foreground head, features and depth then add furniture: objects of any size, which are the
    segments of like features and near positions that are not structure.

    Without depth, the regions of K-Means in the foreground of the CLS attention are objects. With
    little depth, such regions outside of the measured depth are objects, too. In frames without any
    depth, a linear head, if the backbone has one, completes the foreground, and in a room everything
    except walls, floor and ceiling is split by Ward's linkage.
    """

    summary = "depth separates objects, features and depth separate them from structure"
    Options = FusedOptions
    options: FusedOptions

    def __init__(self, config: PipelineConfig, options: OptionGroup) -> None:
        super().__init__(config, options)
        self._head = load_foreground_head(config)

    def cluster(self, features: Features) -> Clusters:
        """Cluster one feature grid."""
        options = self.options
        return kmeans_with_knee(
            features, options.min_clusters, options.max_clusters, self.config.clustering
        )

    def prepare(self, context: FrameContext) -> FusedPreparation:
        """Partition the frame by depth, if it has usable depth."""
        return FusedPreparation(context, self._partition(context) if context.has_depth else None)

    def segment(self, features: Features, prepared: FusedPreparation) -> Segmentation:
        """Segment one frame."""
        context, partition = prepared.context, prepared.partition
        logits = self._foreground_logits(features)
        if partition is None:
            return Segmentation(self._segment_rgb(features, context.frame.color, logits))
        rgb_labels = None
        if prepared.requires_clusters:
            # With some depth, a head that was chosen on whole frames would change the added objects.
            rgb_labels = self._segment_rgb(features, context.frame.color, None)
        if logits is not None:
            partition = self._add_furniture(partition, features, logits, context)
        labels = self._complete(partition, rgb_labels, features, context)
        is_inferred = upsample_nearest(~partition.is_labelled, context.shape)
        return Segmentation(upsample_nearest(labels, context.shape), is_inferred)

    def _foreground_logits(self, features: Features) -> ForegroundLogits | None:
        """Apply the foreground head; None for a backbone without head or attention."""
        if self._head is None or features.attention is None:
            return None
        return self._head(features)

    def _segment_rgb(
        self, features: Features, color: NDArray[np.uint8], logits: ForegroundLogits | None
    ) -> Labels:
        """Segment a frame (H, W, 3) uint8 without its depth; returns (H, W) int32."""
        min_area = self.config.min_area
        if logits is not None and logits.is_room:
            return segment_room(features, logits, color, min_area)
        return segment_rgb(self.cluster(features), features, color, min_area, logits)

    def _partition(self, context: FrameContext) -> DepthPartition:
        view, options, min_area = context.working_depth, self.config.depth, self.config.min_area
        # Remove structure and support surfaces.
        planes = segment_support_planes(view, options)
        in_range = view.values > 1 / options.max_range
        candidates = binary_opening(~planes.is_background & in_range)
        # Split the rest at discontinuities and concave creases.
        is_boundary = depth_discontinuities(view.values, options.gap)
        is_boundary |= concavity(view.smoothed) > options.crease
        regions = connected_regions(candidates & ~is_boundary)
        regions = filter_protruding_regions(regions, planes.is_near_plane, min_area / 2)
        regions = region_growing(
            regions, candidates, view.values, options.gap, CONSTANTS.max_growth_px
        )
        # Remove regions that are too large for an object, and merge those of one object.
        samples = RegionSamples.of(regions)
        is_oversized = find_oversized_regions(samples, view, options.max_size)
        objects = filter_labels(regions, ~is_oversized)
        samples = samples.select(~is_oversized[1:])
        objects = merge_object_regions(objects, samples, view, context.working_color)
        labels = filter_small_regions(objects, min_area)
        is_labelled = (labels > 0) | planes.is_background | planes.is_near_plane
        is_labelled |= (view.valid & ~in_range) | is_oversized.take(regions)
        # Label holes in the depth: projector shadows, then dark and reflecting objects.
        labels, is_labelled = label_projector_shadows(labels, is_labelled, view, options.gap)
        holes, color = ~view.valid & ~is_labelled, context.working_color
        missing = detect_missing_depth_objects(holes, planes.is_background, color, min_area)
        labels = np.where(missing > 0, missing + labels.max(), labels)
        # Add what rises little above a support surface.
        raised = planes.is_raised & (labels == 0)
        low = detect_low_objects(raised, planes.is_background, color, min_area)
        labels = np.where(low > 0, low + labels.max(), labels)
        return DepthPartition(labels, is_labelled | (missing > 0), view.valid)

    def _add_furniture(
        self,
        partition: DepthPartition,
        features: Features,
        logits: ForegroundLogits,
        context: FrameContext,
    ) -> DepthPartition:
        """Add the objects of any size that features and depth show together."""
        furniture = segment_furniture(features, logits, context)
        in_range = context.working_depth.values > 1 / self.config.depth.max_range
        furniture = np.where(in_range, furniture, BACKGROUND)
        labels = add_furniture(partition.labels, furniture, self.config.min_area)
        return DepthPartition(labels, partition.is_labelled | (labels > 0), partition.has_depth)

    def _complete(
        self,
        partition: DepthPartition,
        rgb_labels: Labels | None,
        features: Features,
        context: FrameContext,
    ) -> Labels:
        """Label the pixels that a partition leaves unlabelled.

        Args:
            partition: partition of the frame.
            rgb_labels: (H, W) int32, objects that were segmented without depth; None if there are
                none to add.
            features: features of the frame.
            context: the frame.

        Returns:
            (h, w) int32 labels on the working grid.
        """
        # Propagate labels to pixels without depth; other unlabelled pixels are background.
        labels = propagate_labels(partition.labels, partition.is_labelled, features)
        labels[partition.has_depth & (labels == UNLABELLED)] = BACKGROUND
        if rgb_labels is None:
            return labels
        # Add objects where depth is missing, and refine the borders of propagated labels.
        step, min_area_px = context.working_step, int(self.config.min_area * labels.size)
        add_objects_without_depth(
            labels, partition.labels, partition.is_labelled, rgb_labels[::step, ::step], min_area_px
        )
        return refine_borders_by_color(labels, partition.is_labelled, context.working_color)
