"""One view of each frame of a pair: what BYOL, SimCLR and MoCo compare."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.crops import crops_of_pair
from scenerep_training.data.views.pair import FramePair, MakeViews, Views
from scenerep_training.data.views.photometric import FIRST, SECOND, Photometric


@dataclass(frozen=True)
class TwoViews(MakeViews):
    """Makes `views`: (2, 3, S, S) uint8, one of each frame.

    Attributes:
        options: size and smallest area of the crops.
        first, second: how the views are changed; BYOL's asymmetric pair unless told.
    """

    options: AugmentationOptions
    first: Photometric = FIRST
    second: Photometric = SECOND

    def __call__(self, pair: FramePair) -> Views:
        """Cut and change both."""
        options, frames = self.options, (pair.first, pair.second)
        crops = crops_of_pair(pair, (options.min_crop, 1.0), options.consistent_crops)
        views = [
            change(crop.image(frame.color, options.crop_size))
            for frame, crop, change in zip(frames, crops, (self.first, self.second), strict=True)
        ]
        return {"views": torch.stack(views)}
