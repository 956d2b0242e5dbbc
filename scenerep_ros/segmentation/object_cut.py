"""Cuts one frame into objects: geometry where there is depth, features where there is none."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config import CutOptions
from scenerep_ros.frames import BACKGROUND, UNLABELLED, Features, RGBDFrame, Segmentation
from scenerep_ros.segmentation.background import find_background
from scenerep_ros.segmentation.depth_edges import concavity, depth_gaps
from scenerep_ros.segmentation.depth_view import DepthView
from scenerep_ros.segmentation.hole_filling import fill_undecided
from scenerep_ros.segmentation.piece_merging import merge_pieces
from scenerep_ros.segmentation.pieces import areas, connected_pieces, grow, keep_large, keep_pieces
from scenerep_ros.segmentation.region_cut import cut_regions

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

WIDTH = 320
"""Columns that the cut works with: a Kinect resolves no more, and from 640 it is four times as fast."""
GROWTH = 12
"""Pixels of the view that a piece grows into the edges around it."""
MOSTLY = 0.7
"""Share of its pixels on a plane's extension from which a piece is a part of that plane."""


class ObjectCut:
    """From regions of like features, and depth, to objects.

    With depth: the planes that carry the scene are background; what remains is parted at depth
    gaps and concave creases (Stein et al. 2014, "Object Partitioning using Local Convexity"), and
    pieces whose shapes say that they are one object are joined again. Pixels that depth leaves open
    take the label of what looks like them nearby. Without depth, regions that get attention are
    objects.

    Args:
        options: how depth is used, and the smallest object.
    """

    def __init__(self, options: CutOptions) -> None:
        self.options = options

    def __call__(self, regions: Labels, features: Features, frame: RGBDFrame) -> Segmentation:
        """Cut one frame.

        Args:
            regions: (H, W) int32 from the clustering; 0 is what the method calls background.
            features: of the frame.
            frame: colour, and depth where there is some.
        """
        step = max(1, round(frame.shape[1] / WIDTH))
        view = DepthView.of(frame, step) if self.options.use_depth else None
        if view is None:
            labels = cut_regions(regions[::step, ::step], features, self.options.min_area)
        else:
            labels = self._cut(view, features)
        height, width = frame.shape
        wide = np.repeat(np.repeat(labels, step, axis=0), step, axis=1)
        return Segmentation(wide[:height, :width])

    def _cut(self, view: DepthView, features: Features) -> Labels:
        background, flat = find_background(view, self.options)
        within = view.w > 1 / self.options.max_range
        objects = _opened(~background & within)
        edges = depth_gaps(view.w, self.options.depth_gap)
        edges |= concavity(view.smooth) > self.options.concave_depth
        pieces = self._standing(connected_pieces(objects & ~edges), flat)
        grown = grow(pieces, objects, view.w, self.options.depth_gap, GROWTH)
        labels = keep_large(merge_pieces(grown, view), self.options.min_area)
        beyond = view.known & ~within
        filled = fill_undecided(labels, (labels > 0) | background | flat | beyond, features)
        filled[view.known & (filled == UNLABELLED)] = BACKGROUND
        return filled

    def _standing(self, pieces: Labels, flat: Mask) -> Labels:
        """Drop pieces that are too small, or no more than a ripple of a background plane."""
        size = areas(pieces)
        on_plane = np.bincount(pieces[flat], minlength=len(size))
        large = size >= self.options.min_area * pieces.size / 2
        return keep_pieces(pieces, large & (on_plane < MOSTLY * size))


def _opened(mask: Mask) -> Mask:
    """Remove specks and the fringe of flying pixels that a Kinect sees at the border of a thing."""
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
