"""Boxes cut out of frames, and where things are in the view that each becomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.transforms.v2 import RandomResizedCrop
from torchvision.transforms.v2 import functional as F

from scenerep_training.data.views.pair import FramePair
from scenerep_training.data.views.positions import Positions, sample


@dataclass(frozen=True)
class Crop:
    """A box of a frame, which is resized to a square view, and perhaps mirrored.

    Attributes:
        top, left, height, width: pixels.
        flip: whether the view is mirrored, left to right.
    """

    top: int
    left: int
    height: int
    width: int
    flip: bool = False

    def image(self, color: NDArray[np.uint8], size: int) -> torch.Tensor:
        """Cut an image (H, W, 3) uint8 to (3, size, size) uint8, antialiased."""
        bottom, right = self.top + self.height, self.left + self.width
        box = torch.from_numpy(color[self.top : bottom, self.left : right]).permute(2, 0, 1)
        view = F.resize(box, [size, size], antialias=True)
        return view.flip(-1) if self.flip else view

    def mask(self, mask: NDArray[np.bool_], size: int) -> torch.Tensor:
        """Cut a mask (H, W) bool to (size, size) bool, each pixel the nearest."""
        return torch.from_numpy(sample(mask, self.centres(size)))

    def centres(self, cells: int) -> Positions:
        """Where in the frame the centres of the view's cells are.

        Args:
            cells: a side of the view.

        Returns:
            (cells, cells, 2) float32, u and v in pixels.
        """
        steps = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        across = steps[::-1] if self.flip else steps
        u, v = self.left + across * self.width - 0.5, self.top + steps * self.height - 0.5
        return np.stack(np.meshgrid(u, v), axis=-1).astype(np.float32)

    def places(self, positions: Positions) -> Positions:
        """Where positions in the frame are in the view.

        Args:
            positions: (..., 2), u and v in pixels.

        Returns:
            (..., 2) float32, x and y, 0 at the left and upper edge, 1 at the others; NaN outside.
        """
        x = (positions[..., 0] + 0.5 - self.left) / self.width
        y = (positions[..., 1] + 0.5 - self.top) / self.height
        places = np.stack([1 - x if self.flip else x, y], axis=-1).astype(np.float32)
        inside = ((places >= 0) & (places <= 1)).all(axis=-1, keepdims=True)
        return np.where(inside, places, np.float32(np.nan))

    def box_in(self, outer: Crop) -> torch.Tensor:
        """Where the crop lies in another one's view.

        Returns:
            (4,) float32, left, top, right, bottom, as `places`; not mirrored, whatever this crop is.
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
    """Draw a crop as torchvision's RandomResizedCrop and RandomHorizontalFlip do.

    Args:
        shape: height and width of the frame, pixels.
        area: smallest and largest, as shares of the frame's.
        ratio: smallest and largest, of width to height.
    """
    frame = torch.empty(1).expand(3, *shape)
    drawn = RandomResizedCrop(1, area, ratio).make_params([frame])
    flip = bool(torch.rand(()) < 0.5)
    return Crop(drawn["top"], drawn["left"], drawn["height"], drawn["width"], flip)


def crops_of_pair(
    pair: FramePair, area: tuple[float, float], consistent: bool
) -> tuple[Crop, Crop]:
    """Draw a crop of each frame of a pair.

    Args:
        pair: the frames.
        area: as `random_crop`.
        consistent: cut the same box from both, mirrored or not together.
    """
    first = random_crop(pair.first.shape, area)
    return first, first if consistent else random_crop(pair.second.shape, area)
