"""How well known objects agree with those that a frame shows: the tracker's measure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.tracking.detections import Observation

_OVERLAP_SHARE = 0.8
_DRIFT = 16.0  # pixels of the thumbnail by which an object out of sight strays in one frame

Points = NDArray[np.float32]


def agreement(
    points: Sequence[Points], features: NDArray[np.float32], lost: Sequence[int], seen: Observation
) -> NDArray[np.float64]:
    """Weigh overlap, and similarity of objects that are near each other.

    Overlap weighs most: features that are means over a few cells of a grid are much alike on one
    table, and change with the view.

    Args:
        points: T arrays (n, 2), u and v in the thumbnail at which the pixels of each known object
            are expected; empty where nothing is expected.
        features: (T, C) float32, unit length.
        lost: T numbers of frames since each was seen.
        seen: the K objects of the frame.

    Returns:
        (T, K) float64 in 0..1.
    """
    near = nearness(points, lost, seen)
    alike = similarity(features, seen)
    return _OVERLAP_SHARE * overlap(points, seen) + (1 - _OVERLAP_SHARE) * alike * near


def overlap(points: Sequence[Points], seen: Observation) -> NDArray[np.float64]:
    """Intersection over union (T, K) of expected and seen pixels, inside the picture."""
    count = len(seen.labels) + 1
    height, width = seen.thumbnail.shape
    u, v = np.rint(np.concatenate(points)).astype(np.intp).T
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    joint = _owners(points)[inside] * count + seen.thumbnail[v[inside], u[inside]]
    shared = np.bincount(joint, minlength=len(points) * count).reshape(-1, count)
    areas = np.bincount(seen.thumbnail.ravel(), minlength=count)
    union = shared.sum(axis=1, keepdims=True) + areas - shared
    return (shared / np.maximum(union, 1))[:, 1:]


def similarity(features: NDArray[np.float32], seen: Observation) -> NDArray[np.float32]:
    """Cosine (T, K), scaled so that 0 is what any two cells of this picture have in common.

    Unscaled it would say little: all features of some networks, convnets above all, are alike.
    """
    common = float(seen.mean @ seen.mean)
    unlike = 1 - features @ seen.features.T
    return (1 - unlike / max(1 - common, 1e-3)).clip(0, 1)


def nearness(
    points: Sequence[Points], lost: Sequence[int], seen: Observation
) -> NDArray[np.float64]:
    """Falls from 1 to 0 (T, K) with the distance from where an object is expected.

    What is expected of an object out of sight is a random walk's, so it may be sqrt(frames) times
    as far away. It may be anywhere if nothing at all is expected.
    """
    distance = np.linalg.norm(_centers(points)[:, None] - _centers(seen.points), axis=-1)
    variance = _DRIFT**2 * (1 + np.asarray(lost, np.float64)[:, None])
    return np.nan_to_num(np.exp(-(distance**2) / (2 * variance)), nan=1.0)


def _centers(points: Sequence[Points]) -> NDArray[np.float64]:
    """Means (n, 2); NaN for empty ones."""
    owners, values = _owners(points), np.concatenate(points)
    sums = [np.bincount(owners, values[:, axis], len(points)) for axis in (0, 1)]
    with np.errstate(invalid="ignore"):
        return np.stack(sums, axis=1) / np.bincount(owners, minlength=len(points))[:, None]


def _owners(points: Sequence[Points]) -> NDArray[np.intp]:
    return np.repeat(np.arange(len(points)), [len(p) for p in points])
