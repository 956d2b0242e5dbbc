"""Orientation of bounding boxes: away from the camera, or with the smallest footprint."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry.point_batch import PointBatch, percentile_bounds

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

MIN_BIN_POINTS = 3  # constant: guard against nearly empty bins
"""Number of points of a lateral bin from which its front is measured."""
SIGN_BIT = np.uint32(1 << 31)  # constant: IEEE 754


@dataclass(frozen=True)
class BoxOrientationConstants:
    """Tuned constants of the orientation of boxes."""

    profile_bins: int = tuned(
        9,
        "number of lateral bins of the front profile",
        set_on="argument: distinguishes an arc from a corner",
    )
    profile_half_width: float = tuned(
        0.8,
        "lateral position at which the front profile ends, in radii",
        set_on="argument: the front of a circle is steep beyond it",
    )
    front_percentile: float = tuned(
        5.0,
        "percentile of the distances in a bin that is its front",
        set_on="argument: a stray pixel must not move the front",
    )
    max_round_residual: float = tuned(
        0.075,
        "standard deviation from a circle, in radii, up to which a front is round",
        set_on="argument: a flat front has 0.11, a right-angled corner 0.13",
    )


CONSTANTS = BoxOrientationConstants()


def rotations_towards(batch: PointBatch, z: Floats) -> Floats:
    """Return rotations (K, 3, 3) with the third axis z (3,) and the second away from the camera."""
    away = np.nansum(batch.points, axis=2) / batch.counts[:, None]
    away -= (away @ z)[:, None] * z
    y = away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-9)
    return np.stack([np.cross(y, z), y, np.broadcast_to(z, y.shape)], axis=2).astype(np.float32)


def are_round(batch: PointBatch, rotation: Floats) -> Mask:
    """Find the objects (K,) whose front is round in the support plane.

    The front profile over the lateral position must be that of the circle with the object's width.

    Args:
        batch: points.
        rotation: result of `rotations_towards`.
    """
    lateral, distance = batch.rotated(rotation[:, :, :2]).swapaxes(0, 1)
    low, high = percentile_bounds(lateral, batch.counts)
    radius = (high - low) / 2
    scale = np.where(radius > 0, radius, np.float32(np.nan))[:, None]
    position = (lateral - ((low + high) / 2)[:, None]) / scale
    # Compare the front of each lateral bin with the circle.
    half_width = CONSTANTS.profile_half_width
    edges = np.linspace(-half_width, half_width, CONSTANTS.profile_bins + 1)
    profile = _front_profile(np.searchsorted(edges, position), distance, len(edges))
    centers = (edges[1:] + edges[:-1]) / 2
    residual = profile / scale + np.sqrt(1 - centers**2)
    return np.std(residual, axis=1) < CONSTANTS.max_round_residual


def _front_profile(bins: Indices, distance: Floats, edge_count: int) -> Floats:
    """Measure the front of each lateral bin.

    Args:
        bins: (K, n) index of each point's bin; 0 and `edge_count` are outside of the profile.
        distance: (K, n) float32, distance from the camera [m].
        edge_count: number of bins + 1.

    Returns:
        (K, bins) float32 [m]; NaN for objects with a bin of too few points.
    """
    is_inside = (bins > 0) & (bins < edge_count)
    group = (bins - 1 + np.arange(len(bins))[:, None] * (edge_count - 1))[is_inside]
    counts = np.bincount(group, minlength=len(bins) * (edge_count - 1))
    # Sort by group and then by distance: one number holds both, as floats are ordered like integers.
    bits = distance[is_inside].view(np.uint32)
    bits = np.where(bits & SIGN_BIT, ~bits, bits | SIGN_BIT)
    key = np.sort((group << 32) | bits)
    starts = np.cumsum(counts) - counts
    ranks = starts + (CONSTANTS.front_percentile / 100 * counts).astype(np.intp)
    # The rank of an empty last bin is beyond the keys.
    front = np.append(key, 0)[ranks].astype(np.uint32).reshape(len(bins), -1)
    profile = np.where(front & SIGN_BIT, front ^ SIGN_BIT, ~front).view(np.float32)
    is_filled = counts.reshape(front.shape).min(axis=1, keepdims=True) >= MIN_BIN_POINTS
    return np.where(is_filled, profile, np.float32(np.nan))


def upright_rotations(batch: PointBatch, z: Floats) -> Floats:
    """Find the rotations (K, 3, 3) with the third axis z (3,) and the smallest footprints."""
    # Build an arbitrary basis of the support surface.
    x = np.cross(z, np.eye(3)[np.abs(z).argmin()])
    x /= np.linalg.norm(x)
    y = np.cross(z, x)
    # Fit the smallest rectangle to each footprint without its outliers.
    basis = np.broadcast_to(np.stack([x, y], axis=1), (len(batch.counts), 3, 2))
    footprints = batch.rotated(basis)
    low, high = percentile_bounds(footprints, batch.counts)
    is_inlier: Mask = np.all(
        (footprints >= low[..., None]) & (footprints <= high[..., None]), axis=1
    )
    corners = np.ascontiguousarray(footprints.swapaxes(1, 2), np.float32)
    degrees = [
        cv2.minAreaRect(footprint.compress(mask, axis=0))[2]
        for footprint, mask in zip(corners, is_inlier, strict=True)
    ]
    # Rotate the basis to the sides of the rectangles.
    angle = np.deg2rad(np.array(degrees)).reshape(-1, 1)
    first = np.cos(angle) * x + np.sin(angle) * y
    axes = [first, np.cross(z, first), np.broadcast_to(z, first.shape)]
    return np.stack(axes, axis=2).astype(np.float32)
