"""Reference for the boxes of objects: one object at a time, by the plain functions of numpy."""

from __future__ import annotations

from math import isqrt

import cv2
import numpy as np

from scenerep_ros.geometry.box_orientation import CONSTANTS as ORIENTATION_CONSTANTS
from scenerep_ros.geometry.boxes import CONSTANTS, MIN_POINTS, Box
from scenerep_ros.geometry.object_points import CONSTANTS as POINT_CONSTANTS
from scenerep_ros.geometry.point_batch import CONSTANTS as BATCH_CONSTANTS


def single_object_points(labels, inverse_depth, rays, item):
    """Deproject a sample of an object's pixels; arguments as in `object_points`."""
    u, v, width, height = item.box
    step = max(isqrt(item.area // POINT_CONSTANTS.sample_size), 1)
    crop = np.s_[v : v + height : step, u : u + width : step]
    w = inverse_depth[crop]
    mask = without_stray_rim(w, labels[crop] == item.id)
    return rays[crop][mask] / w[mask][:, None]


def without_stray_rim(inverse_depth, mask):
    """Remove pixels at the rim of an object (H, W) whose depth is that of another surface."""
    valid = mask & np.isfinite(inverse_depth)
    rim = POINT_CONSTANTS.rim_px
    kernel = np.ones((2 * rim + 1,) * 2, np.uint8)
    eroded = cv2.erode(np.pad(mask, rim).view(np.uint8), kernel)[rim:-rim, rim:-rim]
    inside = valid & eroded.view(bool)
    window = (POINT_CONSTANTS.inside_px,) * 2
    weight = cv2.boxFilter(inside.astype(np.float32), -1, window, normalize=False)
    total = cv2.boxFilter(
        np.where(inside, inverse_depth, np.float32(0)), -1, window, normalize=False
    )
    mean = total / np.maximum(weight, 1)
    is_stray = (weight > 0) & ~(np.abs(inverse_depth - mean) < POINT_CONSTANTS.max_rim_step)
    return valid & (inside | ~is_stray)


def single_box(points, up=None, support_height=None):
    """Compute the box of one object's finite points (n, 3); arguments as in `object_boxes`."""
    if len(points) < MIN_POINTS:
        return None
    points = points[:: -(-len(points) // BATCH_CONSTANTS.max_points)]
    if up is None:
        rotation = np.eye(3, dtype=np.float32)
        return box_between(*percentiles(points), rotation)
    rotation = round_object_rotation(points, up)
    if rotation is None:
        rotation = upright_rotation(points, up)
        low, high = percentiles(points @ rotation)
    else:
        turned = points @ rotation
        low, high = percentiles(turned)
        low[0], high[0] = percentiles(turned[:, 0], CONSTANTS.round_percentiles)
        high[1] = low[1] + max(high[0] - low[0], high[1] - low[1])
    is_near = support_height is not None and abs(low[2] - support_height) <= CONSTANTS.contact_m
    if is_near and support_height < high[2]:
        low[2] = support_height
    return box_between(low, high, rotation)


def percentiles(values, bounds=BATCH_CONSTANTS.percentiles):
    # The smallest rectangle is discontinuous in its points, so rounding must be that of the boxes.
    ordered = np.sort(values, axis=0)
    rank = np.array(bounds) / 100 * (len(values) - 1)
    lower = rank.astype(int)
    upper = np.minimum(lower + 1, len(values) - 1)
    fraction = (rank - lower).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    return (1 - fraction) * ordered[lower] + fraction * ordered[upper]


def box_between(low, high, rotation):
    return Box(rotation @ ((low + high) / 2), high - low, rotation)


def round_object_rotation(points, up):
    """Return the rotation towards an object whose front is round, or None."""
    z = up / np.linalg.norm(up)
    away = points.mean(axis=0)
    away = away - (away @ z) * z
    y = away / max(float(np.linalg.norm(away)), 1e-9)
    rotation = np.stack([np.cross(y, z), y, z], axis=1).astype(np.float32)
    lateral, distance = (points @ rotation[:, :2]).T
    low, high = percentiles(lateral)
    radius = (high - low) / 2
    if radius <= 0:
        return None
    half_width = ORIENTATION_CONSTANTS.profile_half_width
    edges = np.linspace(-half_width, half_width, ORIENTATION_CONSTANTS.profile_bins + 1)
    bins = np.searchsorted(edges, (lateral - (low + high) / 2) / radius)
    profile = []
    for index in range(1, len(edges)):
        inside = np.sort(distance[bins == index])
        if len(inside) < MIN_POINTS:
            return None
        profile.append(inside[int(ORIENTATION_CONSTANTS.front_percentile / 100 * len(inside))])
    centers = (edges[1:] + edges[:-1]) / 2
    residual = np.array(profile) / radius + np.sqrt(1 - centers**2)
    return rotation if np.std(residual) < ORIENTATION_CONSTANTS.max_round_residual else None


def upright_rotation(points, up):
    """Find the rotation with the third axis along `up` and the smallest footprint."""
    z = up / np.linalg.norm(up)
    x = np.cross(z, np.eye(3)[np.abs(z).argmin()])
    x /= np.linalg.norm(x)
    y = np.cross(z, x)
    footprint = points @ np.stack([x, y], axis=1)
    low, high = percentiles(footprint)
    is_inlier = ((footprint >= low) & (footprint <= high)).all(axis=1)
    angle = np.deg2rad(cv2.minAreaRect(footprint[is_inlier].astype(np.float32))[2])
    first = np.cos(angle) * x + np.sin(angle) * y
    return np.stack([first, np.cross(z, first), z], axis=1).astype(np.float32)
