"""Upsampling of the labels of patches to pixels, along the borders of depth and color.

A pixel takes the label of the patch around it whose surface and color it continues best (joint
bilateral upsampling, Kopf et al., SIGGRAPH 2007, with the best instead of the mean).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.geometry.inverse_depth import InverseDepthImage, shifted_neighbors
from scenerep_ros.segmentation.depth.patch_samples import (
    SAMPLES_PER_SIDE,
    PatchSamples,
    patch_medians,
)

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Labels = NDArray[np.int32]

NEIGHBORS = ((0, 0), (0, 1), (1, 0), (1, 1))  # constant: corners of a square
"""Offsets of the four patches whose centers surround a pixel."""


@dataclass(frozen=True)
class JointUpsamplingConstants:
    """Tuned constants of joint upsampling."""

    depth_scale: float = tuned(
        0.01,
        "distance from the surface of a patch that costs as much as one patch of distance",
        unit="1/m",
        set_on="51 NYUv2 frames outside of the evaluated ones; 0.005 and 0.02 differ by 0.001",
    )
    max_depth_cost: float = tuned(
        6.0, "largest cost of depth, as behind a step any distance is equal", set_on="not recorded"
    )
    color_scale: float = tuned(
        50.0,
        "sum of the differences in L, a and b that costs as much as one patch of distance",
        set_on="51 NYUv2 frames outside of the evaluated ones; 25 differs by 0.001, without color "
        "overlap F falls by 0.009",
    )


CONSTANTS = JointUpsamplingConstants()


def upsample_patches(
    patches: Labels, samples: PatchSamples, view: InverseDepthImage, color: NDArray[np.uint8]
) -> Labels:
    """Upsample the labels of patches.

    Args:
        patches: (h, w) int32 labels.
        samples: depth of the same patches.
        view: inverse depth (H, W).
        color: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) int32; each is the label of one of the four patches around a pixel, 0 without depth.
    """
    lab = cv2.cvtColor(color, cv2.COLOR_RGB2LAB)
    surfaces = _PatchSurfaces.measure(samples, lab, patches.shape)
    # Find the square of four patch centers that each pixel lies in.
    rows, columns = (
        ((np.arange(size) + 0.5) * count / size - 0.5).astype(np.float32)
        for size, count in zip(view.values.shape, patches.shape, strict=True)
    )
    square_row, square_column = (
        np.floor(centers).astype(np.intp) + 1 for centers in (rows, columns)
    )
    # Compare the labels at the corners of each square.
    j, i = (
        np.clip([np.arange(-1, count), np.arange(count + 1)], 0, count - 1)
        for count in patches.shape
    )
    corners = [patches.take(j[dv], axis=0).take(i[du], axis=1) for dv, du in NEIGHBORS]
    is_ambiguous = np.logical_or.reduce([corner != corners[0] for corner in corners[1:]])
    result: Labels = corners[0].take(square_row, axis=0).take(square_column, axis=1)
    # Choose among them where they differ.
    is_open = is_ambiguous.take(square_row, axis=0).take(square_column, axis=1) & view.valid
    pixels = np.flatnonzero(is_open)
    y, x = np.divmod(pixels, result.shape[1])
    depth = view.smoothed.take(pixels)
    pixel_color = [channel.take(pixels).astype(np.float32) for channel in cv2.split(lab)]
    j, i = j[:, square_row], i[:, square_column]
    v, u = rows - j.astype(np.float32), columns - i.astype(np.float32)
    lowest_cost, labels = np.full(len(pixels), np.inf, np.float32), result.take(pixels)
    for dv, du in NEIGHBORS:
        patch = (j[dv] * patches.shape[1]).take(y) + i[du].take(x)
        cost = surfaces.cost(patch, v[dv].take(y), u[du].take(x), depth, pixel_color)
        labels = np.where(cost < lowest_cost, patches.take(patch), labels)
        np.minimum(lowest_cost, cost, out=lowest_cost)
    result.put(pixels, labels)
    return np.where(view.valid, result, 0).astype(np.int32)


@dataclass(frozen=True)
class _PatchSurfaces:
    """Surface and color of each patch.

    Attributes:
        depth: (h, w) float32, median inverse depth [1/m].
        slope_v, slope_u: (h, w) float32, its change over one patch [1/m].
        color: (3, h, w) float32 CIELAB.
    """

    depth: Floats
    slope_v: Floats
    slope_u: Floats
    color: Floats

    @classmethod
    def measure(
        cls, samples: PatchSamples, lab: NDArray[Any], grid: tuple[int, ...]
    ) -> _PatchSurfaces:
        half = SAMPLES_PER_SIDE // 2
        below, above = shifted_neighbors(samples.inverse_depth, half, 0)
        right, left = shifted_neighbors(samples.inverse_depth, 0, half)
        color = cv2.resize(lab, grid[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
        return cls(
            depth=samples.medians,
            slope_v=np.nan_to_num(patch_medians(below - above)),
            slope_u=np.nan_to_num(patch_medians(right - left)),
            color=np.ascontiguousarray(np.moveaxis(color, -1, 0)),
        )

    def cost(
        self, patch: Indices, v: Floats, u: Floats, depth: Floats, color: Sequence[Floats]
    ) -> Floats:
        """Compute the cost (n,) of pixels in one patch each.

        Args:
            patch: (n,) flat index of the patch.
            v: (n,) rows of the pixel below the center of the patch [patches].
            u: (n,) columns of the pixel to the right of it [patches].
            depth: (n,) inverse depth of the pixel [1/m], NaN without depth.
            color: L, a and b (n,) of the pixel.
        """
        surface = self.depth.take(patch) + self.slope_v.take(patch) * v
        surface += self.slope_u.take(patch) * u
        depth_cost = np.abs(depth - surface) * np.float32(1 / CONSTANTS.depth_scale)
        depth_cost = np.minimum(depth_cost, np.float32(CONSTANTS.max_depth_cost))
        depth_cost[np.isnan(depth_cost)] = 0
        difference = np.abs(color[0] - self.color[0].take(patch))
        for value, channel in zip(color[1:], self.color[1:], strict=True):
            difference += np.abs(value - channel.take(patch))
        difference *= np.float32(1 / CONSTANTS.color_scale)
        cost: Floats = v * v + u * u + depth_cost + difference
        return cost
