"""Propagation of labels to pixels without depth, from similar patches nearby."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import UNLABELLED, Features
from scenerep_ros.ops.patch_coverage import patch_coverage
from scenerep_ros.ops.unit_vectors import unit_rows
from scenerep_ros.ops.upsample import interpolation_weights

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

MIN_LOG_WEIGHT = -80.0  # constant: smallest normal float32
"""Logarithm of a negligible weight; smaller weights would be subnormal numbers, which are slow."""
FULL_COVERAGE = 0.999  # constant: float32 rounding
"""Ratio of labelled pixels from which a patch counts as fully labelled, up to rounding."""


@dataclass(frozen=True)
class LabelPropagationConstants:
    """Tuned constants of label propagation."""

    similarity_scale: float = tuned(
        0.05,
        "difference in cosine similarity that divides the weight of a patch by e",
        set_on="not recorded",
    )
    distance_sigma: float = tuned(
        2.0,
        "standard deviation of the Gaussian weight of the distance between patches",
        unit="patches",
        set_on="not recorded",
    )
    min_total_weight: float = tuned(
        1e-4,
        "sum of weights below which no similar patch is near and a patch stays unlabelled",
        set_on="not recorded",
    )
    min_label_score: float = tuned(
        0.3, "score below which the best label of a pixel is rejected", set_on="not recorded"
    )


CONSTANTS = LabelPropagationConstants()


def propagate_labels(labels: Labels, is_labelled: Mask, features: Features) -> Labels:
    """Label the unlabelled pixels like similar labelled ones nearby.

    Each patch with unlabelled pixels takes the labels of the other patches, weighted by similarity
    and distance: one round of label propagation (Zhu and Ghahramani 2002).

    Args:
        labels: (H, W) int32, 0..K.
        is_labelled: (H, W) bool, pixels whose label is known.
        features: features of the frame.

    Returns:
        (H, W) int32; an unlabelled pixel without similar patches nearby is UNLABELLED.
    """
    if is_labelled.all():
        return labels
    rows, columns, _ = features.grid.shape
    coverage = patch_coverage(labels, is_labelled, (rows, columns))
    scores = _propagate_coverage(coverage, features.grid).T
    best = _best_labels(scores.reshape(-1, rows, columns), labels.shape)
    return np.where(is_labelled, labels, best)


def _best_labels(scores: Floats, shape: tuple[int, ...]) -> Labels:
    """Find the label with the best interpolated score at each pixel.

    An interpolated score is at most the largest one of the patches around, so each label is
    interpolated in the rectangle of its high scores only.

    Args:
        scores: (K + 1, rows, columns) float32.
        shape: height and width of the image [px].

    Returns:
        (H, W) int32, UNLABELLED where no score is high enough.
    """
    vertical, horizontal = (
        interpolation_weights(patches, pixels, 1)
        for patches, pixels in zip(scores.shape[1:], shape, strict=True)
    )
    best = np.full(shape, CONSTANTS.min_label_score, np.float32)
    labels = np.full(shape, UNLABELLED, np.int32)
    is_high = scores > CONSTANTS.min_label_score
    tops, bottoms = _influence(vertical, np.asarray(is_high.any(axis=2)))
    lefts, rights = _influence(horizontal, np.asarray(is_high.any(axis=1)))
    for label in np.flatnonzero(is_high.any(axis=(1, 2))):
        rows, columns = slice(tops[label], bottoms[label]), slice(lefts[label], rights[label])
        score = vertical[rows] @ scores[label] @ horizontal[columns].T
        window = best[rows, columns]
        labels[rows, columns][score > window] = label
        np.maximum(window, score, out=window)
    return labels


def _influence(weights: Floats, is_high: Mask) -> tuple[Indices, Indices]:
    """Find the range of pixels in which some patches of a line have a share, for each label.

    Args:
        weights: (length, count) float32, weight of each patch in each pixel.
        is_high: (K + 1, count) bool, the patches of each label.

    Returns:
        First pixel and end (K + 1,) of each range; any range for a label without patches.
    """
    has_share = weights > 0
    start, end = has_share.argmax(axis=0), len(weights) - has_share[::-1].argmax(axis=0)
    first, last = is_high.argmax(axis=1), is_high.shape[1] - 1 - is_high[:, ::-1].argmax(axis=1)
    return start[first], end[last]


@lru_cache(maxsize=4)
def _distance_exponents(rows: int, columns: int) -> Floats:
    """Compute half the squared distance (N, N) of all pairs of patches, in standard deviations."""
    v, u = np.indices((rows, columns), np.float32).reshape(2, -1) / CONSTANTS.distance_sigma
    return ((v[:, None] - v) ** 2 + (u[:, None] - u) ** 2) / 2


def _propagate_coverage(coverage: Floats, grid: Floats) -> Floats:
    """Replace the coverage of patches that are not fully labelled by a weighted mean.

    Args:
        coverage: (N, K + 1), fraction of each patch that each label covers.
        grid: (rows, columns, C) features.

    Returns:
        (N, K + 1) float32.
    """
    rows, columns, channels = grid.shape
    labelled_ratio = coverage.sum(axis=1)
    unlabelled = np.flatnonzero(labelled_ratio < FULL_COVERAGE)
    labelled = np.flatnonzero(labelled_ratio > 0)
    # Weight pairs of patches by cosine similarity and distance.
    points = grid.reshape(-1, channels)
    points = unit_rows(points - points.mean(axis=0))
    exponent = points[unlabelled] @ points[labelled].T
    exponent -= 1
    exponent /= CONSTANTS.similarity_scale
    exponents = _distance_exponents(rows, columns)
    exponent -= exponents.take(unlabelled, axis=0).take(labelled, axis=1)
    weight = np.exp(np.maximum(exponent, MIN_LOG_WEIGHT, out=exponent), out=exponent)
    # Average the coverage, except where all patches are too different or too far.
    propagated = weight @ coverage[labelled]
    total = propagated.sum(axis=1, keepdims=True)
    is_similar = total > CONSTANTS.min_total_weight
    scores = coverage.copy()
    scores[unlabelled] = np.where(is_similar, propagated / np.maximum(total, 1e-12), 0.0)
    return scores
