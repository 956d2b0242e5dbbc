"""Cuts one frame into objects: geometry where there is depth, features where there is none."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config import CutOptions
from scenerep_ros.frames import Features, RGBDFrame, Segmentation
from scenerep_ros.geometry import inverse_depth, viewing_rays
from scenerep_ros.segmentation.depth_edges import concavity, depth_gaps, smooth
from scenerep_ros.segmentation.foreground import depth_foreground, region_foreground

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

CONCAVITY = 0.006
"""How far a surface must bend inwards to end an object, metres at 1 m."""


class ObjectCut:
    """From regions of like features, and depth, to objects.

    Args:
        options: how depth is used, and the smallest object.
    """

    def __init__(self, options: CutOptions) -> None:
        self.options = options

    def __call__(self, regions: Labels, features: Features, frame: RGBDFrame) -> Segmentation:  # noqa: ARG002
        """Cut one frame.

        Args:
            regions: (H, W) int32 from the clustering; 0 is what the method calls background.
            features: of the frame.
            frame: colour, and depth where there is some.
        """
        if self.options.use_depth and frame.depth is not None and frame.intrinsics is not None:
            w = inverse_depth(frame.depth[::2, ::2])
            if np.isfinite(w).any():
                rays = viewing_rays(frame.intrinsics, *frame.shape)[::2, ::2]
                return Segmentation(self._cut_depth(w, rays, frame.shape))
        return Segmentation(self._cut_regions(regions))

    def _cut_depth(self, w: Floats, rays: Floats, shape: tuple[int, int]) -> Labels:
        objects = depth_foreground(w, rays, self.options)
        edges = depth_gaps(w, self.options.depth_gap) | (concavity(smooth(w)) > CONCAVITY)
        pieces = large_pieces(objects & ~edges, self.options.min_area)
        grown = grow(pieces, objects, reach=12)
        height, width = shape
        return np.repeat(np.repeat(grown, 2, axis=0), 2, axis=1)[:height, :width]

    def _cut_regions(self, regions: Labels) -> Labels:
        objects = np.where(region_foreground(regions), regions, 0)
        labels = np.zeros_like(regions)
        for region in np.unique(objects[objects > 0]):
            pieces = large_pieces(objects == region, self.options.min_area)
            labels += np.where(pieces > 0, pieces + labels.max(), 0).astype(np.int32)
        return labels


def large_pieces(mask: Mask, min_area: float) -> Labels:
    """Connected pieces of a mask, 1..K without gaps, each at least that share of the image."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=4
    )
    keep = stats[:, cv2.CC_STAT_AREA] >= min_area * mask.size
    keep[0] = False
    names = np.zeros(count, np.int32)
    names[keep] = np.arange(1, keep.sum() + 1)
    return names[pieces]


def grow(pieces: Labels, within: Mask, reach: float) -> Labels:
    """Give each pixel of a mask to the nearest piece that is at most `reach` pixels away."""
    distance, nearest = cv2.distanceTransformWithLabels(
        (pieces == 0).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    names = np.zeros(int(nearest.max()) + 1, np.int32)
    names[nearest[pieces > 0]] = pieces[pieces > 0]
    return np.where(within & (distance <= reach), names[nearest], 0).astype(np.int32)
