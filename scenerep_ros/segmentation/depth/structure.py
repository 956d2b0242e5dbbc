"""Structure of a scene: segments that bound it or carry its objects.

Walls, floors, ceilings and the table top that fills the picture have five things in common: they are
flat, little lies behind them, nothing lies behind them just outside of their outline, the network
attends to other things, and the foreground head knows their look. None decides alone (the weights
are those of a logistic regression), so that a screen, which is flat, or a sofa, which has a wall
around it, stays an object.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.ops.robust_deviation import median
from scenerep_ros.segmentation.depth.patch_samples import PatchSamples, repeat_patches

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

PLANE_REGULARIZER = 1e-6  # constant: numerical stability
"""Addition to the diagonal of normal equations, so that degenerate segments have a solution."""
SAMPLES_PER_SEGMENT = 64  # constant: speed only, planes of fewer samples differ little
"""Number of samples of a segment that its plane is fitted to."""
MIN_MEAN_ATTENTION = 1e-12  # constant: numerical stability
"""Lower bound of the mean attention of an image."""
SET_ON = "101 NYUv2 frames outside of the evaluated ones"


@dataclass(frozen=True)
class StructureConstants:
    """Tuned constants of the structure of a scene."""

    misfit_weight: float = tuned(-0.53, "weight of the logarithm of the misfit", set_on=SET_ON)
    behind_weight: float = tuned(
        -0.36, "weight of the logarithm of the ratio of the scene behind the plane", set_on=SET_ON
    )
    ring_weight: float = tuned(
        -0.43, "weight of the logarithm of the ratio of the ring behind the plane", set_on=SET_ON
    )
    attention_weight: float = tuned(
        -1.03, "weight of the logarithm of the mean attention", set_on=SET_ON
    )
    furnishing_weight: float = tuned(
        -1.45, "weight of the mean logit of the foreground head", set_on=SET_ON
    )
    bias: float = tuned(-4.74, "constant term of the score", set_on=SET_ON)
    min_misfit: float = tuned(
        0.001, "addition to the misfit", unit="1/m", set_on="argument: noise of a depth camera"
    )
    min_behind_ratio: float = tuned(
        0.01, "addition to the ratio of the scene behind a plane", set_on="not recorded"
    )
    min_ring_ratio: float = tuned(
        0.03, "addition to the ratio of the ring behind a plane", set_on="not recorded"
    )
    min_attention: float = tuned(
        0.05, "addition to the attention relative to its mean", set_on="not recorded"
    )
    behind_tolerance: float = tuned(
        0.01, "distance behind a plane that is noise", unit="1/m", set_on="not recorded"
    )
    ring_tolerance: float = tuned(
        0.02,
        "distance behind a plane that is a step at its outline",
        unit="1/m",
        set_on="not recorded",
    )
    ring_width: int = tuned(
        2, "width of the ring around a segment", unit="samples", set_on="argument: half a patch"
    )
    fit_count: int = tuned(
        5, "number of fits of a plane to the nearer half of a segment", set_on="not recorded"
    )


CONSTANTS = StructureConstants()


@dataclass(frozen=True)
class StructureCues:
    """Properties of K segments that distinguish structure from objects; (K,) float each.

    Attributes:
        misfit: median distance of a segment from its plane [1/m].
        behind: ratio of the scene behind its plane.
        ring: ratio of the ring around its outline that lies behind its plane.
        attention: mean attention, relative to the image's mean.
        furnishing: mean logit of the foreground head.
    """

    misfit: Floats
    behind: Floats
    ring: Floats
    attention: Floats
    furnishing: Floats

    def scores(self) -> Floats:
        """Compute the log odds (K,) of structure."""
        c = CONSTANTS
        return (
            c.misfit_weight * np.log(self.misfit + c.min_misfit)
            + c.behind_weight * np.log(self.behind + c.min_behind_ratio)
            + c.ring_weight * np.log(self.ring + c.min_ring_ratio)
            + c.attention_weight * np.log(self.attention + c.min_attention)
            + c.furnishing_weight * self.furnishing
            + c.bias
        )


def compute_structure_cues(
    segments: Labels, samples: PatchSamples, attention: Floats, furnishing: Floats
) -> StructureCues:
    """Measure the segments of a scene.

    Args:
        segments: (h, w) int32 labels of patches, 1..K; 0 without depth.
        samples: depth of the patches.
        attention: (h, w) float32, any scale.
        furnishing: (h, w) float32, logit of anything but walls, floor and ceiling.
    """
    count = int(segments.max())
    inverse_depth, rays = samples.inverse_depth, samples.rays
    is_valid = np.isfinite(inverse_depth)
    labels = np.where(is_valid, repeat_patches(segments), 0)
    planes, misfit = _fit_planes(labels[is_valid], rays[is_valid], inverse_depth[is_valid], count)
    # Compare all samples with all planes; K: segments, n: samples. NaN is not behind anything.
    residual = inverse_depth.ravel() - planes @ rays.reshape(-1, 3).T
    tolerance = np.maximum(CONSTANTS.behind_tolerance, 2 * misfit)[:, None]
    behind = np.count_nonzero(residual < -tolerance, axis=1) / np.count_nonzero(is_valid)
    ring = (_ring_masks(labels, count) & is_valid).reshape(count, -1)
    ring_area = np.count_nonzero(ring, axis=1)
    ring &= residual < -CONSTANTS.ring_tolerance
    ring_ratio = np.count_nonzero(ring, axis=1) / np.maximum(ring_area, 1)
    relative_attention = attention / max(float(attention.mean()), MIN_MEAN_ATTENTION)
    return StructureCues(
        misfit,
        behind,
        ring_ratio,
        attention=_segment_means(relative_attention, segments, count),
        furnishing=_segment_means(furnishing, segments, count),
    )


def _segment_means(values: Floats, segments: Labels, count: int) -> Floats:
    """Average values (h, w) over each of K segments; returns (K,)."""
    area = np.bincount(segments.ravel(), minlength=count + 1)[1:]
    total = np.bincount(segments.ravel(), weights=values.ravel(), minlength=count + 1)[1:]
    return (total / np.maximum(area, 1)).astype(np.float32)


def _fit_planes(labels: Labels, rays: Floats, w: Floats, count: int) -> tuple[Floats, Floats]:
    """Fit a plane w = g . ray to each segment, without its farther half.

    Args:
        labels: (n,) int32, 0..K, of the valid samples.
        rays: (n, 3) float32, viewing rays of the valid samples.
        w: (n,) float32, their inverse depth [1/m].
        count: number of segments K; each has a valid sample.

    Returns:
        (K, 3) planes g, and (K,) median distance of each segment from its plane [1/m].
    """
    chosen = _choose_samples(labels, count)
    rays, w = rays[chosen].astype(np.float64), w[chosen].astype(np.float64)
    weight = np.ones(w.shape)
    # Batched products (K, 3, s) @ (K, s, 3) take a fifth of the time of an einsum of three factors.
    for _ in range(CONSTANTS.fit_count):
        weighted_rays = (weight[..., None] * rays).swapaxes(1, 2)
        matrix = weighted_rays @ rays + PLANE_REGULARIZER * np.eye(3)
        planes = np.linalg.solve(matrix, weighted_rays @ w[..., None])
        distance = np.abs(w - (rays @ planes)[..., 0])
        misfit = median(distance)
        weight = (distance <= 2 * misfit[:, None] + PLANE_REGULARIZER).astype(np.float64)
    return planes[..., 0].astype(np.float32), misfit.astype(np.float32)


def _choose_samples(labels: Labels, count: int) -> NDArray[np.intp]:
    """Choose equally many of n samples, at random, for each segment; returns (K, s) indices."""
    shuffled = np.random.default_rng(0).permutation(len(labels))
    # numpy's stable sort of 16 bit numbers is a radix sort.
    order = shuffled[np.argsort(labels[shuffled].astype(np.uint16), kind="stable")]
    starts = np.searchsorted(labels[order], np.arange(1, count + 2))
    fractions = (np.arange(SAMPLES_PER_SEGMENT) + 0.5) / SAMPLES_PER_SEGMENT
    offsets = (np.diff(starts)[:, None] * fractions).astype(np.intp)
    return order[starts[:-1, None] + offsets]


def _ring_masks(labels: Labels, count: int) -> Mask:
    """Find the samples (K, H, W) just outside of each segment."""
    size = 2 * CONSTANTS.ring_width + 1
    kernel = np.ones((size, size), np.uint8)
    masks = (labels == np.arange(1, count + 1)[:, None, None]).astype(np.uint8)
    dilated = np.empty_like(masks)
    for mask, output in zip(masks, dilated, strict=True):
        cv2.dilate(mask, kernel, dst=output)
    return dilated > masks
