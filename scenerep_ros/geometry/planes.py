"""Plane detection in a depth image.

All functions work on inverse depth, w = 1 / z. In it a plane n.x = d, seen along rays r with z = 1,
is linear: w = (n / d).r. The noise of a structured-light or stereo camera grows with z^2 (Khoshelham
and Elberink, "Accuracy and resolution of Kinect depth data for indoor mapping applications", Sensors
2012) and is therefore constant in w, so that one tolerance in [1/m] holds near and far.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry.subsampling import sampling_step

Floats = NDArray[np.float32]

MIN_POINTS = 3  # constant: a plane has three points
"""Number of points that define a plane."""
MIN_INLIER_RATIO = 0.05  # constant: default of the search for planes
"""Ratio of the pixels with depth that a plane must explain."""


@dataclass(frozen=True)
class PlaneConstants:
    """Tuned constants of plane detection.

    The sample is every n-th pixel of the image; the samples for fits and votes are subsets of it.
    """

    sample_size: int = tuned(
        19200, "approximate number of pixels that planes are detected on", set_on="not recorded"
    )
    fit_step: int = tuned(
        4, "distance in the sample between pixels that a plane is refined on", set_on="not recorded"
    )
    vote_step: int = tuned(
        16, "distance in the sample between pixels that vote on hypotheses", set_on="not recorded"
    )
    block_count: int = tuned(
        300, "approximate number of image blocks that propose a plane each", set_on="not recorded"
    )
    min_block_size_px: int = tuned(
        4, "smallest side of a block", unit="px", grid="sample", set_on="not recorded"
    )
    min_block_depth_ratio: float = tuned(
        0.75,
        "ratio of pixels with depth above which a block proposes a plane",
        set_on="not recorded",
    )
    max_block_residual_ratio: float = tuned(
        0.5,
        "ratio of the tolerance that the mean residual of a block may have",
        set_on="not recorded",
    )
    min_inliers: float = tuned(
        16.0, "number of pixels that a plane must explain", set_on="not recorded"
    )
    refinement_count: int = tuned(
        3, "number of fits to the inliers of a plane", set_on="not recorded"
    )
    flat_block_percentile: float = tuned(
        25, "percentile of the blocks' residuals that measures the noise", set_on="not recorded"
    )


CONSTANTS = PlaneConstants()


@dataclass(frozen=True)
class Plane:
    """The points x with `normal . x = distance`.

    Attributes:
        normal: (3,) float32, unit length, optical frame, pointing away from the camera.
        distance: positive distance of the plane from the camera center [m].
    """

    normal: Floats
    distance: float

    @classmethod
    def from_inverse_depth(cls, gradient: Floats) -> Plane:
        """Build a plane from the vector g (3,) with 1 / z = g . ray, where ray has z = 1."""
        length = max(float(np.linalg.norm(gradient)), 1e-9)
        return cls(gradient / np.float32(length), 1.0 / length)

    @property
    def gradient(self) -> Floats:
        """(3,) vector g with 1 / z = g . ray, where ray has z = 1 [1/m]."""
        return self.normal / np.float32(self.distance)

    def residual(self, inverse_depth: Floats, rays: Floats) -> Floats:
        """Compute measured minus predicted inverse depth; positive in front of the plane.

        Args:
            inverse_depth: (...) float32 [1/m], NaN without a measurement.
            rays: (..., 3) float32 with z = 1.

        Returns:
            (...) float32 [1/m].
        """
        return inverse_depth - rays @ self.gradient


def find_planes(
    inverse_depth: Floats,
    rays: Floats,
    tolerance: float,
    min_inlier_ratio: float = MIN_INLIER_RATIO,
    max_planes: int = 6,
) -> list[Plane]:
    """Find the dominant planes, largest first: RANSAC with image blocks as hypotheses.

    Each hypothesis is the least-squares plane of one block of the image, not of three random
    pixels. A block lies on one surface far more often than three random pixels do, its fit averages
    the noise, and the result is deterministic.

    Args:
        inverse_depth: (H, W) float32 [1/m]; NaN without a measurement.
        rays: (H, W, 3) float32 with z = 1.
        tolerance: largest residual of an inlier [1/m].
        min_inlier_ratio: ratio of the pixels with depth that a plane must explain.
        max_planes: largest number of planes.
    """
    search = PlaneSearch.start(inverse_depth, rays)
    return list(search.find(tolerance, min_inlier_ratio, max_planes))


def plane_fit_residual(inverse_depth: Floats, rays: Floats) -> float:
    """Estimate the noise of a depth image; see `PlaneSearch.noise`.

    Args:
        inverse_depth: (H, W) float32 [1/m]; NaN without a measurement.
        rays: (H, W, 3) float32 with z = 1.
    """
    return PlaneSearch.start(inverse_depth, rays).noise


@dataclass(frozen=True)
class PlaneSearch:
    """Sample of a depth image, and the plane of each of its blocks.

    Attributes:
        inverse_depth: (n,) float32 [1/m] of the sampled pixels with depth.
        rays: (n, 3) float32 with z = 1, of the same pixels.
        gradients: (N, 3) float32, gradient of each block's plane.
        residuals: (N,) mean distance of a block's pixels from its plane [1/m].
    """

    inverse_depth: Floats
    rays: Floats
    gradients: Floats
    residuals: Floats

    @classmethod
    def start(cls, inverse_depth: Floats, rays: Floats) -> PlaneSearch:
        """Sample a depth image and fit a plane to each of its blocks.

        Args:
            inverse_depth: (H, W) float32 [1/m]; NaN without a measurement.
            rays: (H, W, 3) float32 with z = 1.
        """
        step = sampling_step(inverse_depth.size, CONSTANTS.sample_size)
        sampled, sampled_rays = inverse_depth[::step, ::step], rays[::step, ::step]
        valid = np.isfinite(sampled)
        r = sampled_rays.reshape(-1, 3).compress(valid.ravel(), axis=0)
        return cls(sampled[valid], r, *_fit_blocks(sampled, sampled_rays))

    @property
    def noise(self) -> float:
        """Noise of the depth image, from its flattest blocks.

        It is the lower quartile over the blocks of the mean distance of pixels from their block's
        plane [1/m]; 0 without blocks.
        """
        if not len(self.residuals):
            return 0.0
        return float(np.percentile(self.residuals, CONSTANTS.flat_block_percentile))

    def find(self, tolerance: float, min_inlier_ratio: float, max_planes: int) -> Iterator[Plane]:
        """Find the dominant planes, each when it is requested; see `find_planes`."""
        return islice(self._planes(tolerance, min_inlier_ratio), max_planes)

    def _planes(self, tolerance: float, min_inlier_ratio: float) -> Iterator[Plane]:
        is_flat = self.residuals < tolerance * CONSTANTS.max_block_residual_ratio
        hypotheses, w, r = self.gradients[is_flat], self.inverse_depth, self.rays
        min_inliers = max(min_inlier_ratio * len(w), CONSTANTS.min_inliers)
        fit, vote = CONSTANTS.fit_step, CONSTANTS.vote_step
        while len(hypotheses) and len(w) >= min_inliers:
            # Select the hypothesis with the most votes and refine it on its inliers.
            distance = np.ascontiguousarray(r[::vote]) @ hypotheses.T
            distance -= w[::vote, None]
            votes = np.abs(distance, out=distance) < tolerance
            best = hypotheses[np.count_nonzero(votes, axis=0).argmax()]
            gradient = _refine(
                best, np.ascontiguousarray(w[::fit]), np.ascontiguousarray(r[::fit]), tolerance
            )
            is_other = np.abs(w - r @ gradient) >= tolerance
            if len(w) - np.count_nonzero(is_other) < min_inliers:
                break
            yield Plane.from_inverse_depth(gradient)
            # Remove the explained pixels before the search for the next plane.
            w, r = w.compress(is_other), r.compress(is_other, axis=0)


def _fit_blocks(w: Floats, rays: Floats) -> tuple[Floats, Floats]:
    """Fit a plane to each block of the image that has enough depth.

    Args:
        w: (H, W) float32 inverse depth [1/m]; NaN without a measurement.
        rays: (H, W, 3) float32 with z = 1.

    Returns:
        Gradients (N, 3) float32, and mean absolute residuals (N,) [1/m].
    """
    block = max(CONSTANTS.min_block_size_px, round((w.size / CONSTANTS.block_count) ** 0.5))
    height, width = w.shape[0] // block * block, w.shape[1] // block * block
    if not height or not width:
        return np.empty((0, 3), np.float32), np.empty(0, np.float32)
    # Cut image and rays into blocks; pixels without depth get the weight 0.
    valid = np.isfinite(w[:height, :width])
    block_rays = _split_blocks(np.where(valid[..., None], rays[:height, :width], 0), block)
    block_w = _split_blocks(np.where(valid, w[:height, :width], 0)[..., None], block)
    # Solve the normal equations of each block.
    normal_matrix = block_rays.transpose(0, 2, 1) @ block_rays
    moment = block_rays.transpose(0, 2, 1) @ block_w
    depth_ratio = _split_blocks(valid[..., None].astype(np.float32), block).mean(axis=(1, 2))
    is_full = depth_ratio > CONSTANTS.min_block_depth_ratio
    gradients = np.linalg.solve(normal_matrix[is_full].astype(np.float64), moment[is_full])
    residuals = np.abs(block_w[is_full] - block_rays[is_full] @ gradients).mean(axis=(1, 2))
    return gradients[..., 0].astype(np.float32), residuals


def _split_blocks(image: Floats, block: int) -> Floats:
    """Reshape (H, W, C) to (number of blocks, block * block, C)."""
    rows, columns, channels = image.shape[0] // block, image.shape[1] // block, image.shape[2]
    blocks = image.reshape(rows, block, columns, block, channels).transpose(0, 2, 1, 3, 4)
    return blocks.reshape(rows * columns, block * block, channels)


def _refine(gradient: Floats, w: Floats, rays: Floats, tolerance: float) -> Floats:
    """Fit the gradient (3,) repeatedly to its inliers among pixels w (n,) with rays (n, 3)."""
    regularizer = np.float32(1e-6) * np.eye(3, dtype=np.float32)
    for _ in range(CONSTANTS.refinement_count):
        # Solve the regularized normal equations of the inliers.
        is_inlier = np.abs(w - rays @ gradient) < tolerance
        if np.count_nonzero(is_inlier) < MIN_POINTS:
            return gradient
        inlier_rays = rays.compress(is_inlier, axis=0)
        normal_matrix = inlier_rays.T @ inlier_rays + regularizer
        gradient = np.linalg.solve(normal_matrix, inlier_rays.T @ w[is_inlier])
    return gradient
