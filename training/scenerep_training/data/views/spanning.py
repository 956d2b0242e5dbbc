"""One view per frame of a pair, and views that span both crops, for ODIN."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_training.config.options import SpanningOptions
from scenerep_training.data.views.base import FramePair, Views, ViewTransform
from scenerep_training.data.views.crops import Crop, random_pair_crops
from scenerep_training.data.views.photometric import BYOL_FIRST_VIEW, BYOL_SECOND_VIEW


@dataclass(frozen=True)
class SpanningViewTransform(ViewTransform):
    """Views of object discovery and representation networks (Henaff et al., ECCV 2022).

    It returns, in the order of the frames:

    - `views`: (2, 3, S, S) uint8, one view per frame with BYOL's augmentation.
    - `spanning`: (2, 3, P, P) uint8, the smallest box of each frame that contains both crops,
      neither mirrored nor augmented.
    - `boxes`: (2, 4) float32, left, top, right, bottom of each view in the spanning view, 0 to 1.
    - `flips`: (2,) bool, true for views that are mirrored horizontally.

    Attributes:
        options: sizes and areas of the views.
    """

    options: SpanningOptions

    def __call__(self, pair: FramePair) -> Views:
        """Crop both frames, and augment the views."""
        options, frames = self.options, (pair.first, pair.second)
        crops = random_pair_crops(pair, (options.min_crop, 1.0), options.consistent_crops)
        views = [
            augment(crop.crop_image(frame.color, options.crop_size))
            for augment, crop, frame in zip(
                (BYOL_FIRST_VIEW, BYOL_SECOND_VIEW), crops, frames, strict=True
            )
        ]
        outer = _bounding_crop(*crops)
        spanning = [outer.crop_image(frame.color, options.spanning_size) for frame in frames]
        return {
            "views": torch.stack(views),
            "spanning": torch.stack(spanning),
            "boxes": torch.stack([crop.box_in(outer) for crop in crops]),
            "flips": torch.tensor([crop.flip for crop in crops]),
        }


def _bounding_crop(first: Crop, second: Crop) -> Crop:
    """Return the smallest crop that contains both."""
    top, left = min(first.top, second.top), min(first.left, second.left)
    bottom = max(first.top + first.height, second.top + second.height)
    right = max(first.left + first.width, second.left + second.width)
    return Crop(top, left, bottom - top, right - left)
