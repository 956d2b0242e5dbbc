"""Depth of the patches of a feature grid, as a few samples each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.geometry.inverse_depth import InverseDepthImage

Floats = NDArray[np.float32]

SAMPLES_PER_SIDE = 4  # constant: speed only, 16 samples a patch
"""Rows and columns of samples in a patch."""


@dataclass(frozen=True)
class PatchSamples:
    """Inverse depth of a grid of samples, several in each patch.

    Attributes:
        inverse_depth: (h s, w s) float32 [1/m], smoothed; NaN without a measurement. s is
            `SAMPLES_PER_SIDE`.
        rays: (h s, w s, 3) float32, viewing rays with z = 1, optical frame.
    """

    inverse_depth: Floats
    rays: Floats

    @classmethod
    def from_depth(cls, view: InverseDepthImage, grid: tuple[int, int]) -> PatchSamples:
        """Sample a depth image.

        Args:
            view: inverse depth.
            grid: rows and columns of the feature grid.
        """
        samples = np.ix_(
            *(
                np.floor(
                    (np.arange(count * SAMPLES_PER_SIDE) + 0.5) * size / count / SAMPLES_PER_SIDE
                ).astype(np.intp)
                for count, size in zip(grid, view.values.shape, strict=True)
            )
        )
        return cls(view.smoothed[samples], view.rays[samples])

    @cached_property
    def medians(self) -> Floats:
        """Median inverse depth (h, w) of each patch [1/m], NaN without depth."""
        return patch_medians(self.inverse_depth)

    def positions(self) -> Floats:
        """Compute the median point (h, w, 3) [m] of each patch, NaN without depth."""
        center = SAMPLES_PER_SIDE // 2
        rays = self.rays[center::SAMPLES_PER_SIDE, center::SAMPLES_PER_SIDE]
        return rays / self.medians[..., None]


def patch_medians(samples: Floats) -> Floats:
    """Compute the median (h, w) of the finite samples (h s, w s) of each patch, NaN without any."""
    rows, columns = (size // SAMPLES_PER_SIDE for size in samples.shape)
    blocks = samples.reshape(rows, SAMPLES_PER_SIDE, columns, SAMPLES_PER_SIDE)
    blocks = np.sort(blocks.swapaxes(1, 2).reshape(rows, columns, -1), axis=2)  # NaN come last
    middle = np.maximum(np.isfinite(blocks).sum(axis=2) - 1, 0) // 2
    return np.take_along_axis(blocks, middle[..., None], axis=2)[..., 0]


def repeat_patches(patches: NDArray[np.int32]) -> NDArray[np.int32]:
    """Repeat the values (h, w) of patches for each of their samples (h s, w s)."""
    return patches.repeat(SAMPLES_PER_SIDE, axis=0).repeat(SAMPLES_PER_SIDE, axis=1)
