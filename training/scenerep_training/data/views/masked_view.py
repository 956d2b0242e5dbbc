"""A view with the mask of its foreground: what attention heads are tuned on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.crops import random_crop
from scenerep_training.data.views.pair import FramePair, MakeViews, Views
from scenerep_training.data.views.photometric import Photometric

MILD = Photometric()


@dataclass(frozen=True)
class MaskedView(MakeViews):
    """Makes `image`: (3, S, S) uint8, and `mask`: (S, S) bool, of the pair's first frame.

    Attributes:
        options: size and smallest area of the crop.
        change: of the colours.
    """

    options: AugmentationOptions
    change: Photometric = MILD

    @property
    def reads_masks(self) -> bool:
        """Always."""
        return True

    def __call__(self, pair: FramePair) -> Views:
        """Cut the frame and its mask.

        Raises:
            FrameError: if it has no mask, or one of another size.
        """
        mask, size = _checked(pair), self.options.crop_size
        crop = random_crop(pair.first.shape, (self.options.min_crop, 1.0))
        image = self.change(crop.image(pair.first.color, size))
        return {"image": image, "mask": crop.mask(mask, size)}


def _checked(pair: FramePair) -> NDArray[np.bool_]:
    frame, mask = pair.first, pair.masks[0]
    if mask is None:
        raise FrameError(f"frame {frame.name}: has no mask of its foreground")
    if mask.shape != frame.shape:
        raise FrameError(
            f"frame {frame.name}: its mask is {mask.shape[1]}x{mask.shape[0]} but the image is "
            f"{frame.shape[1]}x{frame.shape[0]}"
        )
    return mask
