"""Objects from regions of like features alone, for frames without depth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.segmentation.pieces import connected_pieces, keep_large

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

BORDER_SHARE = 0.25
"""Of the image's border that a region must hold to be background."""


def cut_regions(regions: Labels, min_area: float) -> Labels:
    """Make each connected piece of a region an object, except of those that surround the others.

    Args:
        regions: (H, W) int32, 0 is background already.
        min_area: smallest object, as a share of the image.

    Returns:
        (H, W) int32, 1..K.
    """
    objects = np.where(surrounding(regions)[regions], 0, regions)
    labels = np.zeros_like(regions)
    for region in np.unique(objects[objects > 0]):
        pieces = keep_large(connected_pieces(objects == region), min_area)
        labels += np.where(pieces > 0, pieces + labels.max(), 0).astype(np.int32)
    return labels


def surrounding(regions: Labels) -> Mask:
    """Tell background regions: those that hold much of the image's border, 0 always.

    Returns:
        (number of regions + 1,) bool.
    """
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    held = np.bincount(border, minlength=int(regions.max()) + 1) / len(border)
    background = held >= min(BORDER_SHARE, held.max())
    background[0] = True
    return background
