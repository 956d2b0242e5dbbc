"""Random crops of frames, and the coordinates of the views that they become."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.transforms.v2 import RandomResizedCrop
from torchvision.transforms.v2 import functional as F

from scenerep_training.data.views.base import FramePair
from scenerep_training.data.views.positions import Positions, sample_nearest

FLIP_PROBABILITY = 0.5


@dataclass(frozen=True)
class Crop:
    """Box of a frame that is resized to a square view, and optionally mirrored.

    Attributes:
        top: upper edge [px].
        left: left edge [px].
        height: height [px].
        width: width [px].
        flip: mirror the view horizontally.
    """

    top: int
    left: int
    height: int
    width: int
    flip: bool = False

    def crop_image(self, color: NDArray[np.uint8], size: int) -> torch.Tensor:
        """Crop an image (H, W, 3) uint8 to (3, size, size) uint8, antialiased."""
        bottom, right = self.top + self.height, self.left + self.width
        box = torch.from_numpy(color[self.top : bottom, self.left : right]).permute(2, 0, 1)
        view = F.resize(box, [size, size], antialias=True)
        return view.flip(-1) if self.flip else view

    def crop_mask(self, mask: NDArray[np.bool_], size: int) -> torch.Tensor:
        """Crop a mask (H, W) bool to (size, size) bool, nearest neighbor."""
        return torch.from_numpy(sample_nearest(mask, self.patch_centers(size)))

    def patch_centers(self, grid_size: int) -> Positions:
        """Return the positions of the view's patch centers in the frame.

        Args:
            grid_size: patches along a side of the view.

        Returns:
            (grid_size, grid_size, 2) float32 positions u, v [px].
        """
        steps = (np.arange(grid_size, dtype=np.float32) + 0.5) / grid_size
        horizontal_steps = steps[::-1] if self.flip else steps
        u, v = self.left + horizontal_steps * self.width - 0.5, self.top + steps * self.height - 0.5
        return np.stack(np.meshgrid(u, v), axis=-1).astype(np.float32)

    def to_view(self, positions: Positions) -> Positions:
        """Convert positions in the frame to positions in the view.

        Args:
            positions: (..., 2) positions u, v [px].

        Returns:
            (..., 2) float32 positions x, y, 0 at the left and upper edge, 1 at the others; NaN
            outside of the view.
        """
        x = (positions[..., 0] + 0.5 - self.left) / self.width
        y = (positions[..., 1] + 0.5 - self.top) / self.height
        in_view = np.stack([1 - x if self.flip else x, y], axis=-1).astype(np.float32)
        is_inside = ((in_view >= 0) & (in_view <= 1)).all(axis=-1, keepdims=True)
        return np.where(is_inside, in_view, np.float32(np.nan))

    def box_in(self, outer: Crop) -> torch.Tensor:
        """Return the box of this crop in the view of another crop.

        Returns:
            (4,) float32 left, top, right, bottom in coordinates of the other view (see `to_view`);
            this crop's own flip does not matter.
        """
        left, top = (self.left - outer.left) / outer.width, (self.top - outer.top) / outer.height
        right, bottom = left + self.width / outer.width, top + self.height / outer.height
        if outer.flip:
            left, right = 1 - right, 1 - left
        return torch.tensor([left, top, right, bottom])


def random_crop(
    shape: tuple[int, int],
    area: tuple[float, float] = (0.2, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> Crop:
    """Draw a crop like torchvision's RandomResizedCrop and RandomHorizontalFlip.

    Args:
        shape: height and width of the frame [px].
        area: smallest and largest area, as ratios of the frame's area.
        ratio: smallest and largest ratio of width to height.
    """
    frame = torch.empty(1).expand(3, *shape)
    box = RandomResizedCrop(1, area, ratio).make_params([frame])
    flip = bool(torch.rand(()) < FLIP_PROBABILITY)
    return Crop(box["top"], box["left"], box["height"], box["width"], flip)


def random_pair_crops(
    pair: FramePair, area: tuple[float, float], consistent: bool
) -> tuple[Crop, Crop]:
    """Draw a crop of each frame of a pair.

    Args:
        pair: frames.
        area: see `random_crop`.
        consistent: use the same box and flip for both frames.
    """
    first = random_crop(pair.first.shape, area)
    return first, first if consistent else random_crop(pair.second.shape, area)
