"""A method's own regions as objects: depth only takes the background off, and splits at gaps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.options import CutOptions
from scenerep_ros.frames import BACKGROUND, UNLABELLED, Clusters, Features, RGBDFrame, Segmentation
from scenerep_ros.geometry.discontinuities import depth_gaps
from scenerep_ros.geometry.inverse_depth import DepthView, has_useful_depth
from scenerep_ros.ops.regions import connected_pieces, grow, keep_large, opened
from scenerep_ros.ops.upsample import cluster_regions
from scenerep_ros.ops.working_grid import coarse_step, widened
from scenerep_ros.segmentation.depth.label_propagation import fill_undecided
from scenerep_ros.segmentation.depth.support_planes import find_background, standing
from scenerep_ros.segmentation.rgb.segment import cut_regions

Labels = NDArray[np.int32]

GROWTH = 4
"""Pixels of the view that a piece grows back into the gaps that were cut out around it."""


class TrimmedRegions:
    """From regions of like features to objects, as the original study's methods have them.

    With depth: the planes that carry the scene, and all beyond the range, are background; each
    region's connected pieces that no depth gap parts are objects. Without: regions that get
    attention are.

    Args:
        options: how depth is used, and the smallest object.
    """

    def __init__(self, options: CutOptions) -> None:
        self.options = options

    def needs_clusters(self, frame: RGBDFrame) -> bool:  # noqa: ARG002 - as ObjectCut's
        """Whether the clustering has a say in this frame: always."""
        return True

    def look(self, frame: RGBDFrame) -> None:
        """Find nothing: without regions there is nothing to trim."""

    def __call__(
        self,
        clusters: Clusters | None,
        features: Features,
        frame: RGBDFrame,
        depth: None = None,  # noqa: ARG002 - as ObjectCut's
    ) -> Segmentation:
        """Cut one frame; arguments as `ObjectCut`'s."""
        assert clusters is not None
        if not (self.options.use_depth and has_useful_depth(frame)):
            return Segmentation(cut_regions(clusters, features, frame.color, self.options.min_area))
        step = coarse_step(frame.shape)
        view = DepthView.of(frame, step)
        regions = cluster_regions(clusters, frame.shape, step).int().cpu().numpy()
        return Segmentation(widened(self._cut(regions, view, features), frame.shape))

    def _cut(self, regions: Labels, view: DepthView, features: Features) -> Labels:
        background, flat = find_background(view, self.options)
        within = view.w > 1 / self.options.max_range
        objects = opened(~background & within) & (regions > 0)
        pieces = region_pieces(
            np.where(objects & ~depth_gaps(view.w, self.options.depth_gap), regions, 0)
        )
        pieces = standing(pieces, flat, self.options.min_area / 2)
        grown = grow(pieces, objects, view.w, self.options.depth_gap, GROWTH)
        labels = keep_large(grown, self.options.min_area)
        filled = fill_undecided(labels, view.known | (regions == 0), features)
        filled[(view.known | (regions == 0)) & (filled == UNLABELLED)] = BACKGROUND
        return filled


def region_pieces(regions: Labels) -> Labels:
    """Number the connected pieces of all regions 1..K; 0 stays 0."""
    pieces = np.zeros_like(regions)
    for region in range(1, int(regions.max()) + 1):
        own = connected_pieces(regions == region)
        pieces[own > 0] = own[own > 0] + pieces.max()
    return pieces
