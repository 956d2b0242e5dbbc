"""Segmenter base for methods that cluster the features: each cluster region is an object."""

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
from scenerep_ros.segmentation.depth.label_propagation import fill_undecided
from scenerep_ros.segmentation.depth.support_planes import find_background, standing
from scenerep_ros.segmentation.rgb.segment import cut_regions

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
        near_plane: (h, w) bool, pixels near the extension of a background plane.
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
    """Regions of the clusters of one method as objects, as in the original study.

    With depth, structure, support surfaces and everything out of range are background, and the
    connected regions of each cluster that no depth discontinuity separates are objects. Without
    depth, the regions in the foreground of the CLS attention are objects.
    """

    @abstractmethod
    def cluster(self, features: Features) -> Clusters:
        """Cluster one feature grid."""

    def prepare(self, context: FrameContext) -> ClusteredPreparation:
        """Find background planes and depth discontinuities."""
        geometry = self._find_geometry(context) if context.has_depth else None
        return ClusteredPreparation(context, geometry)

    def segment(self, features: Features, prepared: ClusteredPreparation) -> Segmentation:
        """Segment one frame."""
        context, geometry = prepared.context, prepared.geometry
        clusters = self.cluster(features)
        if geometry is None:
            color, min_area = context.frame.color, self.config.min_area
            return Segmentation(cut_regions(clusters, features, color, min_area))
        regions = clusters.label_image(context.shape, context.working_step).int().cpu().numpy()
        labels = self._split(regions, geometry, features, context)
        return Segmentation(upsample_nearest(labels, context.shape))

    def _find_geometry(self, context: FrameContext) -> ForegroundGeometry:
        view, options = context.working_depth, self.config.depth
        background, near_plane = find_background(view, options)
        in_range = view.values > 1 / options.max_range
        candidates = binary_opening(~background & in_range)
        return ForegroundGeometry(
            candidates, candidates & ~depth_discontinuities(view.values, options.gap), near_plane
        )

    def _split(
        self,
        regions: Labels,
        geometry: ForegroundGeometry,
        features: Features,
        context: FrameContext,
    ) -> Labels:
        """Split cluster regions (h, w) at depth discontinuities; returns labels (h, w)."""
        view, min_area = context.working_depth, self.config.min_area
        foreground = regions > 0
        # Connected parts of each cluster that stand out from the background planes.
        objects = geometry.candidates & foreground
        pieces = region_pieces(np.where(geometry.separable, regions, 0))
        pieces = standing(pieces, geometry.near_plane, min_area / 2)
        # Return the pixels at discontinuities to the regions beside them.
        grown = region_growing(
            pieces, objects, view.values, self.config.depth.gap, CONSTANTS.max_growth_px
        )
        labels = filter_small_regions(grown, min_area)
        # Propagate labels to foreground pixels without depth.
        measured = view.valid | ~foreground
        labels = fill_undecided(labels, measured, features)
        labels[measured & (labels == UNLABELLED)] = BACKGROUND
        return labels


def region_pieces(regions: Labels) -> Labels:
    """Number the connected regions of all labels 1..K; 0 stays 0."""
    pieces = np.zeros_like(regions)
    for region in range(1, int(regions.max()) + 1):
        own = connected_regions(regions == region)
        pieces[own > 0] = own[own > 0] + pieces.max()
    return pieces
