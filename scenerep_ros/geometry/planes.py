"""Planes in a depth image.

All of it works on inverse depth, w = 1 / z. There a plane n.x = d, seen along rays r with z = 1, is
linear: w = (n / d).r. And there the noise of a structured-light or stereo camera, which grows with
z^2 (Khoshelham and Elberink 2012, "Accuracy and Resolution of Kinect Depth Data"), is the same
everywhere, so that one tolerance, in metres at 1 m, holds near and far.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SAMPLES = 19200
"""Pixels, evenly spread, that planes explain; every 4th is fitted to, every 16th votes."""
BLOCKS = 300
"""Patches of the image that propose one."""


@dataclass(frozen=True)
class Plane:
    """The points x with `normal . x = distance`.

    Attributes:
        normal: (3,) float32, unit length, optical frame, pointing away from the camera.
        distance: of the plane from the camera's centre, metres, positive.
    """

    normal: Floats
    distance: float

    @classmethod
    def from_inverse_depth(cls, gradient: Floats) -> Plane:
        """Build from the vector g with 1 / z = g . ray, where ray has z = 1."""
        length = max(float(np.linalg.norm(gradient)), 1e-9)
        return cls(gradient / np.float32(length), 1.0 / length)

    @property
    def gradient(self) -> Floats:
        """(3,) vector g with 1 / z = g . ray, where ray has z = 1."""
        return self.normal / np.float32(self.distance)

    def height(self, points: Floats) -> Floats:
        """Distance of points (..., 3) from the plane, metres, positive on the camera's side."""
        return np.float32(self.distance) - points @ self.normal

    def elevation(self, inverse_depth: Floats, rays: Floats) -> Floats:
        """How much nearer than the plane each pixel is, metres at 1 m, along its ray.

        Args:
            inverse_depth: (..., ) 1 / m, NaN where unknown.
            rays: (..., 3) with z = 1.
        """
        return inverse_depth - rays @ self.gradient


def find_planes(
    inverse_depth: Floats, rays: Floats, tolerance: float, least_share: float = 0.05, most: int = 6
) -> list[Plane]:
    """Find the dominant planes, largest first: RANSAC with the image's own patches as hypotheses.

    Instead of random triples of pixels, each hypothesis is the least-squares plane of one block of
    the image. A block lies on one surface far more often than three random pixels do, its fit
    averages the noise, and the result does not depend on chance.

    Args:
        inverse_depth: (H, W) float32, 1 / m; NaN where unknown.
        rays: (H, W, 3) float32 with z = 1.
        tolerance: of a pixel on its plane, metres at 1 m.
        least_share: of the pixels with depth that a plane must explain.
        most: number of planes.
    """
    step = _stride(inverse_depth)
    coarse, coarse_rays = inverse_depth[::step, ::step], rays[::step, ::step]
    hypotheses = _block_planes(coarse, coarse_rays, tolerance)
    known = np.isfinite(coarse)
    w, r = coarse[known], coarse_rays[known]
    least = max(least_share * len(w), 16.0)
    planes: list[Plane] = []
    while len(planes) < most and len(hypotheses) and len(w) >= least:
        fits = np.abs(w[::16, None] - r[::16] @ hypotheses.T) < tolerance
        gradient = _refine(hypotheses[fits.sum(axis=0).argmax()], w[::4], r[::4], tolerance)
        inliers = np.abs(w - r @ gradient) < tolerance
        if inliers.sum() < least:
            break
        planes.append(Plane.from_inverse_depth(gradient))
        w, r = w[~inliers], r[~inliers]
    return planes


def roughness(inverse_depth: Floats, rays: Floats) -> float:
    """Measure how far flat surfaces are from flat.

    It is the mean distance of pixels from the plane of their block, in the flattest quarter of the
    blocks, metres at 1 m; 0 where there are no blocks.

    Args:
        inverse_depth: (H, W) float32, 1 / m; NaN where unknown.
        rays: (H, W, 3) float32 with z = 1.
    """
    step = _stride(inverse_depth)
    _, residual = _fitted_blocks(inverse_depth[::step, ::step], rays[::step, ::step])
    return float(np.percentile(residual, 25)) if len(residual) else 0.0


def _stride(inverse_depth: Floats) -> int:
    return max(1, round((inverse_depth.size / SAMPLES) ** 0.5))


def _block_planes(w: Floats, rays: Floats, tolerance: float) -> Floats:
    """Least-squares planes (N, 3) of the blocks that are flat and full of depth."""
    solved, residual = _fitted_blocks(w, rays)
    return solved[residual < tolerance / 2]


def _fitted_blocks(w: Floats, rays: Floats) -> tuple[Floats, Floats]:
    """Planes (N, 3) of the blocks that are full of depth, and mean distance (N,) from them."""
    block = max(4, round((w.size / BLOCKS) ** 0.5))
    height, width = w.shape[0] // block * block, w.shape[1] // block * block
    if not height or not width:
        return np.empty((0, 3), np.float32), np.empty(0, np.float32)
    known = np.isfinite(w[:height, :width])
    weighted = np.where(known[..., None], rays[:height, :width], 0)
    target = np.where(known, w[:height, :width], 0)
    tiles = _tiles(weighted, block)
    values = _tiles(target[..., None], block)
    normal_matrix = tiles.transpose(0, 2, 1) @ tiles
    moment = tiles.transpose(0, 2, 1) @ values
    full = _tiles(known[..., None].astype(np.float32), block).mean(axis=(1, 2)) > 0.75
    solved = np.linalg.solve(normal_matrix[full].astype(np.float64), moment[full])
    residual = np.abs(values[full] - tiles[full] @ solved).mean(axis=(1, 2))
    return solved[..., 0].astype(np.float32), residual


def _tiles(image: Floats, block: int) -> Floats:
    """(H, W, C) -> (number of blocks, block * block, C)."""
    rows, columns, channels = image.shape[0] // block, image.shape[1] // block, image.shape[2]
    tiles = image.reshape(rows, block, columns, block, channels).transpose(0, 2, 1, 3, 4)
    return tiles.reshape(rows * columns, block * block, channels)


def _refine(gradient: Floats, w: Floats, rays: Floats, tolerance: float) -> Floats:
    """Fit again to what the plane explains, until that settles."""
    for _ in range(3):
        inliers = np.abs(w - rays @ gradient) < tolerance
        if inliers.sum() < 3:
            return gradient
        normal_matrix = rays[inliers].T @ rays[inliers] + np.float32(1e-6) * np.eye(
            3, dtype=np.float32
        )
        gradient = np.linalg.solve(normal_matrix, rays[inliers].T @ w[inliers])
    return gradient
