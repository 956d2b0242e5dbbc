"""Label images of surface pieces: making, growing, naming."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int32]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]

MAX_SAMPLES = 256
"""Pixels of a piece that its shape is measured on."""


def connected_pieces(mask: Mask) -> Labels:
    """Number the connected pieces (4 neighbours) of a mask 1..K; 0 elsewhere."""
    _, pieces = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return np.asarray(pieces, np.int32)


def opened(mask: Mask) -> Mask:
    """Remove specks and the fringe of flying pixels that a Kinect sees at the border of a thing."""
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0


def areas(labels: Labels) -> NDArray[np.int64]:
    """Pixels of each label, 0 included."""
    return np.bincount(labels.ravel())


def keep_pieces(labels: Labels, keep: Mask) -> Labels:
    """Drop labels and close the gaps in their numbering.

    Args:
        labels: (H, W) int32, 0..K.
        keep: (K + 1,) bool; label 0 stays what it is.
    """
    names = np.zeros(len(keep), np.int32)
    kept = np.flatnonzero(keep[1:]) + 1
    names[kept] = np.arange(1, len(kept) + 1)
    return names[labels]


def keep_large(labels: Labels, min_share: float) -> Labels:
    """Drop pieces that are smaller than a share of the image."""
    return keep_pieces(labels, areas(labels) >= min_share * labels.size)


def grow(labels: Labels, within: Mask, w: Floats, gap: float, reach: int) -> Labels:
    """Extend pieces pixel by pixel, each time to the neighbour that is nearest in depth.

    Args:
        labels: (H, W) int32, 0 = to be filled.
        within: (H, W) bool, where pieces may grow.
        w: (H, W) float32, inverse depth.
        gap: step in depth that stops growth, metres at 1 m.
        reach: number of rounds, which is the furthest a piece grows.
    """
    padded = np.pad(labels, 1)
    flat = padded.ravel()
    depth = np.pad(w, 1, constant_values=np.nan).ravel()
    open_pixels = np.flatnonzero(np.pad(within & (labels == 0), 1))
    steps = np.array([-1, 1, -padded.shape[1], padded.shape[1]])[:, None]
    for _ in range(reach):
        around = open_pixels + steps
        jump = np.abs(depth[around] - depth[open_pixels])
        jump[(flat[around] == 0) | np.isnan(jump)] = np.inf
        nearest = jump.argmin(axis=0), np.arange(len(open_pixels))
        reached = jump[nearest] < gap
        flat[open_pixels[reached]] = flat[around[nearest][reached]]
        open_pixels = open_pixels[~reached]
    return padded[1:-1, 1:-1].copy()


def spread_samples(labels: Labels) -> list[NDArray[np.intp]]:
    """Flat indices of some pixels of each label, 0 (none) to K, evenly spread."""
    pixels = np.flatnonzero(labels)
    named = labels.ravel()[pixels].astype(np.uint16)
    pixels = pixels[np.argsort(named, kind="stable")]
    ends = np.cumsum(np.bincount(named))
    groups = np.split(pixels, ends[:-1])
    return [group[:: max(1, len(group) // MAX_SAMPLES)] for group in groups]


def borders(labels: Labels, w: Floats, reach: int = 2) -> tuple[Doubles, Doubles]:
    """Measure where pieces meet.

    Returns:
        (K + 1, K + 1): number of pixel pairs, `reach` apart, in which label i meets label j; and by
        how much j is nearer than i there on average, metres at 1 m.
    """
    count = int(labels.max()) + 1
    pairs, nearer = np.zeros(count * count), np.zeros(count * count)
    for first, second in (
        (np.s_[:-reach], np.s_[reach:]),
        (np.s_[:, :-reach], np.s_[:, reach:]),
    ):
        i, j = labels[first], labels[second]
        meet = (i != j) & (i > 0) & (j > 0)
        i, j, step = i[meet], j[meet], w[second][meet] - w[first][meet]
        for key, rise in ((i * count + j, step), (j * count + i, -step)):
            pairs += np.bincount(key, minlength=count * count)
            nearer += np.bincount(key, weights=rise, minlength=count * count)
    shape = (count, count)
    return pairs.reshape(shape), (nearer / np.maximum(pairs, 1)).reshape(shape)
