"""What moves as the background does is background: a vote against labels that leaked.

A label that leaks onto the scene behind an object confirms itself by features and by flow; its
motion gives it away. The background's motion is one homography, fitted to the flow of what was
labelled background, and what counts is how far each pixel's own flow departs from it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

STEP = 2
"""Pixels between those that the background's motion is fitted to."""
FEWEST = 20
"""Of them, or no motion is fitted."""
TOLERANCE = 1.0
"""Pixels off the fitted motion within which one counts as following it."""
EDGES = (2.0 ** np.arange(-3.5, 3.5, 0.5)).astype(np.float32)
"""Departures, in pixels, between which they are counted as one."""
SMOOTHING = np.array([1, 2, 3, 2, 1], np.float32) / 9
LEAST = 0.02
"""Added to each share, that none is zero."""


def motion_vote(flow: Plane, planes: Plane, trust: Plane, near: Mask) -> Plane:
    """Log likelihood ratio of each object against the background by motion, never above 0.

    Where an object moves with the background, its departures are distributed as the background's
    and the vote is near 0. That it can only speak against an object is meant: flow bleeds over
    borders, so that the background beside an object often seems to move with it.

    Args:
        flow: (h, w, 2) float32, shift in u and v to the last frame.
        planes: (h, w, K + 1) float32, labels where flow puts them, the background first.
        trust: (h, w) float32 in 0..1, of flow.
        near: (h, w) bool, where background competes with objects.

    Returns:
        (h, w, K) float32, 0 where flow is not to be trusted.
    """
    sure = trust > 0.5
    motion = _background_motion(flow, (planes[..., 0] > 0.9) & (trust > 0.9))
    if motion is None:
        return np.zeros_like(planes[..., 1:])
    bins = np.digitize(_departure(flow, motion), EDGES)
    background = _shares(bins, planes[..., 0] * sure * near)
    vote = np.zeros_like(planes[..., 1:])
    for k in range(vote.shape[-1]):
        ratio = np.log(_shares(bins, planes[..., k + 1] * sure) / background)
        vote[..., k] = np.minimum(ratio, 0)[bins] * sure
    return vote


def _background_motion(flow: Plane, background: Mask) -> NDArray[np.float64] | None:
    """(3, 3) homography from places to where flow leads; None if too little is background."""
    part = np.s_[::STEP, ::STEP]
    start = _places(flow)[part][background[part]]
    if len(start) < FEWEST:
        return None
    end = start + flow[part][background[part]]
    motion = cv2.findHomography(start, end, cv2.RANSAC, TOLERANCE)[0]
    return None if motion is None else np.asarray(motion, np.float64)


def _departure(flow: Plane, motion: NDArray[np.float64]) -> Plane:
    """(h, w), pixels between where flow leads and where the background's motion does."""
    start = _places(flow)
    end = cv2.perspectiveTransform(start.reshape(1, -1, 2), motion).reshape(start.shape)
    return np.asarray(np.linalg.norm(start + flow - end, axis=-1), np.float32)


def _places(flow: Plane) -> Plane:
    """(h, w, 2), u and v of each pixel."""
    return np.ascontiguousarray(np.moveaxis(np.indices(flow.shape[:2], np.float32)[::-1], 0, -1))


def _shares(bins: NDArray[np.intp], weights: Plane) -> Plane:
    """(bins,), how often each occurs by weight, smoothed over neighbours."""
    counts = np.bincount(bins.ravel(), weights.ravel(), len(EDGES) + 1) + 1e-6
    padded = np.pad(counts / counts.sum(), len(SMOOTHING) // 2, mode="edge")
    return np.asarray(np.convolve(padded, SMOOTHING, "valid") + LEAST, np.float32)
