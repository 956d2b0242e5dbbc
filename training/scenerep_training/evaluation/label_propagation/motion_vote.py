"""Vote against object labels that move with the background.

A label that leaks onto the scene behind an object confirms itself by features and by flow, but not
by its motion. The background's motion is one homography, fitted to the flow of background pixels;
the measurement is the residual of each pixel's flow from it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.label_propagation.likelihood_ratio import log_likelihood_ratios

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]
Homography = NDArray[np.float64]
"""(3, 3), from positions in a frame to those in the last one."""

SAMPLING_STEP_PX = 2
"""Distance of the pixels that the homography is fitted to."""
MIN_SAMPLES = 20
"""Number of background samples below which no homography is fitted."""
RANSAC_THRESHOLD_PX = 1.0
"""Residual below which a sample is an inlier."""
BIN_EDGES = (2.0 ** np.arange(-3.5, 3.5, 0.5)).astype(np.float32)
"""Edges of the histogram bins of flow residuals [px]."""


def fit_background_motion(flow: Plane, planes: Plane, reliability: Plane) -> Homography | None:
    """Fit the background's motion by RANSAC.

    Args:
        flow: (h, w, 2) float32, backward flow, u and v [px].
        planes: (h, w, K + 1) float32, labels warped by the flow, background first.
        reliability: (h, w) float32 in 0..1, of the flow.

    Returns:
        Homography to the last frame; None with too little background.
    """
    background = (planes[..., 0] > 0.9) & (reliability > 0.9)
    samples = np.s_[::SAMPLING_STEP_PX, ::SAMPLING_STEP_PX]
    start = pixel_positions(reliability.shape)[samples][background[samples]]
    if len(start) < MIN_SAMPLES:
        return None
    end = start + flow[samples][background[samples]]
    motion = cv2.findHomography(start, end, cv2.RANSAC, RANSAC_THRESHOLD_PX)[0]
    return None if motion is None else np.asarray(motion, np.float64)


def motion_vote(
    flow: Plane, motion: Homography | None, planes: Plane, reliability: Plane, candidates: Mask
) -> Plane:
    """Compute the log likelihood ratio of each object against the background by motion, at most 0.

    Where an object moves with the background, both have the same distribution of residuals and the
    vote is near 0. Positive votes are clipped because flow bleeds over object borders: background
    beside an object often seems to move with it.

    Args:
        flow: (h, w, 2) float32, backward flow, u and v [px].
        motion: background's motion; None gives no vote.
        planes: (h, w, K + 1) float32, labels warped by the flow, background first.
        reliability: (h, w) float32 in 0..1, of the flow.
        candidates: (h, w) bool, pixels that objects may occupy.

    Returns:
        (h, w, K) float32, 0 where the flow is unreliable.
    """
    if motion is None:
        return np.zeros_like(planes[..., 1:])
    is_reliable = reliability > 0.5
    bins = np.digitize(_flow_residual(flow, motion), BIN_EDGES)
    # Estimate the ratios from the pixels with reliable flow.
    background = planes[..., 0] * is_reliable * candidates
    objects = planes[..., 1:] * is_reliable[..., None]
    ratios = log_likelihood_ratios(bins, background, objects, len(BIN_EDGES) + 1)
    return np.minimum(ratios, 0) * is_reliable[..., None]


def pixel_positions(shape: tuple[int, ...]) -> Plane:
    """(h, w, 2) float32, u and v of each pixel."""
    return np.ascontiguousarray(np.moveaxis(np.indices(shape, np.float32)[::-1], 0, -1))


def apply_homography(positions: Plane, motion: Homography) -> Plane:
    """Map positions (h, w, 2) by a homography."""
    mapped = cv2.perspectiveTransform(positions.reshape(1, -1, 2), motion)
    return np.asarray(mapped.reshape(positions.shape), np.float32)


def _flow_residual(flow: Plane, motion: Homography) -> Plane:
    """(h, w), distance between the ends of the flow and of the background's motion [px]."""
    start = pixel_positions(flow.shape[:2])
    return np.asarray(np.linalg.norm(start + flow - apply_homography(start, motion), axis=-1))
