"""Large and small crops of both frames of a pair: what DINO compares."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_training.config.options import MultiCropOptions
from scenerep_training.data.views.crops import crops_of_pair, random_crop
from scenerep_training.data.views.pair import FramePair, MakeViews, Views
from scenerep_training.data.views.photometric import FIRST, LOCAL, SECOND


@dataclass(frozen=True)
class MultiCrop(MakeViews):
    """Multi-crop (Caron et al., NeurIPS 2020), changed as in DINO (Caron et al., ICCV 2021).

    Makes `global`: (2, 3, S, S) uint8, one of each frame, and `local`: (n, 3, s, s) uint8, of the
    first and the second frame by turns.

    Attributes:
        options: numbers, sizes and areas of the crops.
    """

    options: MultiCropOptions

    def __call__(self, pair: FramePair) -> Views:
        """Cut and change all of them."""
        return {"global": self._large(pair), "local": self._small(pair)}

    def _large(self, pair: FramePair) -> torch.Tensor:
        options = self.options
        first, second = crops_of_pair(pair, (options.min_crop, 1.0), options.consistent_crops)
        return torch.stack(
            [
                FIRST(first.image(pair.first.color, options.crop_size)),
                SECOND(second.image(pair.second.color, options.crop_size)),
            ]
        )

    def _small(self, pair: FramePair) -> torch.Tensor:
        options = self.options
        frames = [(pair.first, pair.second)[index % 2] for index in range(options.local_crops)]
        area = options.min_local_crop, options.min_crop
        crops = [random_crop(frame.shape, area) for frame in frames]
        views = [
            LOCAL(crop.image(frame.color, options.local_size))
            for frame, crop in zip(frames, crops, strict=True)
        ]
        return torch.stack(views)
