"""Large and small crops of both frames of a pair, for DINO."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_training.config.options import MultiCropOptions
from scenerep_training.data.views.base import FramePair, Views, ViewTransform
from scenerep_training.data.views.crops import random_crop, random_pair_crops
from scenerep_training.data.views.photometric import (
    BYOL_FIRST_VIEW,
    BYOL_SECOND_VIEW,
    DINO_LOCAL_VIEW,
)


@dataclass(frozen=True)
class MultiCropTransform(ViewTransform):
    """Multi-crop (Caron et al., NeurIPS 2020) with DINO's augmentation (Caron et al., ICCV 2021).

    It returns `global`: (2, 3, S, S) uint8, one large crop per frame, and `local`: (n, 3, s, s)
    uint8, small crops of the first and the second frame in turn.

    Attributes:
        options: numbers, sizes and areas of the crops.
    """

    options: MultiCropOptions

    def __call__(self, pair: FramePair) -> Views:
        """Crop and augment both frames."""
        return {"global": self._large_crops(pair), "local": self._small_crops(pair)}

    def _large_crops(self, pair: FramePair) -> torch.Tensor:
        options = self.options
        first, second = random_pair_crops(pair, (options.min_crop, 1.0), options.consistent_crops)
        return torch.stack(
            [
                BYOL_FIRST_VIEW(first.crop_image(pair.first.color, options.crop_size)),
                BYOL_SECOND_VIEW(second.crop_image(pair.second.color, options.crop_size)),
            ]
        )

    def _small_crops(self, pair: FramePair) -> torch.Tensor:
        options = self.options
        frames = [(pair.first, pair.second)[index % 2] for index in range(options.local_crops)]
        area = options.min_local_crop, options.min_crop
        crops = [random_crop(frame.shape, area) for frame in frames]
        views = [
            DINO_LOCAL_VIEW(crop.crop_image(frame.color, options.local_size))
            for frame, crop in zip(frames, crops, strict=True)
        ]
        return torch.stack(views)
