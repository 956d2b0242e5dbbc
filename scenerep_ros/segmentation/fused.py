"""Cuts one frame into objects: geometry where there is depth, features where there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.options import CutOptions
from scenerep_ros.frames import BACKGROUND, UNLABELLED, Clusters, Features, RGBDFrame, Segmentation
from scenerep_ros.geometry.discontinuities import concavity, depth_gaps
from scenerep_ros.geometry.inverse_depth import DepthView, has_useful_depth, known_share
from scenerep_ros.ops.regions import (
    connected_pieces,
    grow,
    keep_large,
    keep_pieces,
    opened,
)
from scenerep_ros.ops.working_grid import coarse_step, widened
from scenerep_ros.segmentation.depth.label_propagation import fill_undecided
from scenerep_ros.segmentation.depth.merging import merge_pieces
from scenerep_ros.segmentation.depth.missing_depth_objects import blind_spots
from scenerep_ros.segmentation.depth.projector_shadows import fill_shadows
from scenerep_ros.segmentation.depth.support_planes import find_background, furniture, standing
from scenerep_ros.segmentation.rgb.refinement import add_unseen, follow_color
from scenerep_ros.segmentation.rgb.segment import cut_regions

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

PARTIAL = 0.5
"""Share of the image with depth below which things are looked for without depth, too."""
GROWTH = 12
"""Pixels of the view that a piece grows into the edges around it."""


@dataclass(frozen=True)
class DepthPartition:
    """What depth and colour tell of a frame, on the coarse grid.

    Attributes:
        labels: (h, w) int32, 1..K, 0 = background or undecided.
        decided: (h, w) bool, where labels are final.
        known: (h, w) bool, where there is depth.
    """

    labels: Labels
    decided: Mask
    known: Mask


class ObjectCut:
    """From clusters of like features, and depth, to objects: the method `fused`.

    With depth: the planes that carry the scene are background; what remains is parted at depth
    gaps and concave creases (Stein et al. 2014, "Object Partitioning using Local Convexity"), and
    pieces whose shapes and colours say that they are one object are joined again. Shadows of
    the projector belong to what they fall on, compact holes of another colour than the surface
    around them are objects, and other pixels that depth leaves open take the label of what looks
    like them nearby. Without depth, regions that get attention are objects; with little depth
    those are, too, that lie outside of it, and borders there follow colour.

    Args:
        options: how depth is used, and the smallest object.
    """

    def __init__(self, options: CutOptions) -> None:
        self.options = options

    def needs_clusters(self, frame: RGBDFrame) -> bool:
        """Whether the clustering has a say in this frame: where depth says little, or nothing."""
        return not self._sees(frame) or known_share(frame) < PARTIAL

    def _sees(self, frame: RGBDFrame) -> bool:
        return self.options.use_depth and has_useful_depth(frame)

    def look(self, frame: RGBDFrame) -> DepthPartition | None:
        """Find what depth and colour tell without features; None where depth is of no use."""
        if not self._sees(frame):
            return None
        step = coarse_step(frame.shape)
        return self._partition(DepthView.of(frame, step), frame.color[::step, ::step])

    def __call__(
        self,
        clusters: Clusters | None,
        features: Features,
        frame: RGBDFrame,
        depth: DepthPartition | None = None,
    ) -> Segmentation:
        """Cut one frame.

        Args:
            clusters: of the features; None where they are not needed.
            features: of the frame.
            frame: colour, and depth where there is some.
            depth: the result of `look`, if somebody has looked already.
        """
        depth = depth or self.look(frame)
        things = None
        if self.needs_clusters(frame):
            assert clusters is not None
            things = cut_regions(clusters, features, frame.color, self.options.min_area)
        if depth is None:
            assert things is not None
            return Segmentation(things)
        labels = self._completed(depth, things, features, frame)
        return Segmentation(widened(labels, frame.shape), widened(~depth.decided, frame.shape))

    def _completed(
        self, depth: DepthPartition, things: Labels | None, features: Features, frame: RGBDFrame
    ) -> Labels:
        """Labels on the coarse grid (h, w), with what depth left open."""
        filled = fill_undecided(depth.labels, depth.decided, features)
        filled[depth.known & (filled == UNLABELLED)] = BACKGROUND
        if things is None:
            return filled
        step, least = coarse_step(frame.shape), int(self.options.min_area * filled.size)
        add_unseen(filled, depth.labels, depth.decided, things[::step, ::step], least)
        return follow_color(filled, depth.decided, frame.color[::step, ::step])

    def _partition(self, view: DepthView, color: NDArray[np.uint8]) -> DepthPartition:
        background, flat = find_background(view, self.options)
        within = view.w > 1 / self.options.max_range
        objects = opened(~background & within)
        edges = depth_gaps(view.w, self.options.depth_gap)
        edges |= concavity(view.smooth) > self.options.concave_depth
        pieces = standing(connected_pieces(objects & ~edges), flat, self.options.min_area / 2)
        grown = grow(pieces, objects, view.w, self.options.depth_gap, GROWTH)
        large = furniture(grown, view, self.options.max_size)
        things = keep_pieces(grown, ~large)
        labels = keep_large(merge_pieces(things, view, color), self.options.min_area)
        beyond = view.known & ~within
        decided = (labels > 0) | background | flat | beyond | large[grown]
        labels, decided = fill_shadows(labels, decided, view, self.options.depth_gap)
        blind = blind_spots(~view.known & ~decided, background, color, self.options.min_area)
        labels = np.where(blind > 0, blind + labels.max(), labels)
        return DepthPartition(labels, decided | (blind > 0), view.known)
