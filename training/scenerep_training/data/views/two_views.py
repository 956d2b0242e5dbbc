"""One view per frame of a pair, for BYOL, SimCLR and MoCo."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.base import FramePair, Views, ViewTransform
from scenerep_training.data.views.crops import random_pair_crops
from scenerep_training.data.views.photometric import (
    BYOL_FIRST_VIEW,
    BYOL_SECOND_VIEW,
    PhotometricAugmentation,
)


@dataclass(frozen=True)
class TwoViewTransform(ViewTransform):
    """Transform to `views`: (2, 3, S, S) uint8, one view per frame.

    Attributes:
        options: size and smallest area of the crops.
        first: photometric augmentation of the first view; BYOL's by default.
        second: photometric augmentation of the second view.
    """

    options: AugmentationOptions
    first: PhotometricAugmentation = BYOL_FIRST_VIEW
    second: PhotometricAugmentation = BYOL_SECOND_VIEW

    def __call__(self, pair: FramePair) -> Views:
        """Crop and augment both frames."""
        options, frames = self.options, (pair.first, pair.second)
        crops = random_pair_crops(pair, (options.min_crop, 1.0), options.consistent_crops)
        views = [
            augment(crop.crop_image(frame.color, options.crop_size))
            for frame, crop, augment in zip(frames, crops, (self.first, self.second), strict=True)
        ]
        return {"views": torch.stack(views)}
