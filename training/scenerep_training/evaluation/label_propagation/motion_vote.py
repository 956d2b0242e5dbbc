"""What moves as the background does is background: a vote against labels that leaked.

A label that leaks onto the scene behind an object confirms itself by features and by flow; its
motion gives it away. The background's motion is one homography, fitted to the flow of what was
labelled background, and what counts is how far each pixel's own flow departs from it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_training.evaluation.figures.histograms import log_ratios

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]
Homography = NDArray[np.float64]
"""(3, 3), from places in a frame to those in the last one."""

STEP = 2
"""Pixels between those that the background's motion is fitted to."""
FEWEST = 20
"""Of them, or no motion is fitted."""
TOLERANCE = 1.0
"""Pixels off the fitted motion within which one counts as following it."""
EDGES = (2.0 ** np.arange(-3.5, 3.5, 0.5)).astype(np.float32)
"""Departures, in pixels, between which they are counted as one."""


def background_motion(flow: Plane, planes: Plane, trust: Plane) -> Homography | None:
    """Fit the background's motion.

    Args:
        flow: (h, w, 2) float32, shift in u and v to the last frame.
        planes: (h, w, K + 1) float32, labels where flow puts them, the background first.
        trust: (h, w) float32 in 0..1, of flow.

    Returns:
        From places to where flow leads; None if too little is background.
    """
    background = (planes[..., 0] > 0.9) & (trust > 0.9)
    part = np.s_[::STEP, ::STEP]
    start = places(trust.shape)[part][background[part]]
    if len(start) < FEWEST:
        return None
    end = start + flow[part][background[part]]
    motion = cv2.findHomography(start, end, cv2.RANSAC, TOLERANCE)[0]
    return None if motion is None else np.asarray(motion, np.float64)


def motion_vote(
    flow: Plane, motion: Homography | None, planes: Plane, trust: Plane, near: Mask
) -> Plane:
    """Log likelihood ratio of each object against the background by motion, never above 0.

    Where an object moves with the background, its departures are distributed as the background's
    and the vote is near 0. That it can only speak against an object is meant: flow bleeds over
    borders, so that the background beside an object often seems to move with it.

    Args:
        flow: (h, w, 2) float32, shift in u and v to the last frame.
        motion: of the background; None gives no vote.
        planes: (h, w, K + 1) float32, labels where flow puts them, the background first.
        trust: (h, w) float32 in 0..1, of flow.
        near: (h, w) bool, where background competes with objects.

    Returns:
        (h, w, K) float32, 0 where flow is not to be trusted.
    """
    if motion is None:
        return np.zeros_like(planes[..., 1:])
    sure = trust > 0.5
    bins = np.digitize(_departure(flow, motion), EDGES)
    background, objects = planes[..., 0] * sure * near, planes[..., 1:] * sure[..., None]
    ratios = log_ratios(bins, background, objects, len(EDGES) + 1)
    return np.minimum(ratios, 0) * sure[..., None]


def places(shape: tuple[int, ...]) -> Plane:
    """(h, w, 2) float32, u and v of each pixel."""
    return np.ascontiguousarray(np.moveaxis(np.indices(shape, np.float32)[::-1], 0, -1))


def transformed(points: Plane, motion: Homography) -> Plane:
    """(h, w, 2) float32, where a motion takes places (h, w, 2)."""
    moved = cv2.perspectiveTransform(points.reshape(1, -1, 2), motion)
    return np.asarray(moved.reshape(points.shape), np.float32)


def _departure(flow: Plane, motion: Homography) -> Plane:
    """(h, w), pixels between where flow leads and where the background's motion does."""
    start = places(flow.shape[:2])
    return np.asarray(np.linalg.norm(start + flow - transformed(start, motion), axis=-1))
