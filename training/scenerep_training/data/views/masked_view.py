"""One view with its foreground mask, for attention heads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.errors import FrameError
from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.base import (
    FramePair,
    MissingMaskError,
    Views,
    ViewTransform,
)
from scenerep_training.data.views.crops import random_crop
from scenerep_training.data.views.photometric import MILD_VIEW, PhotometricAugmentation


@dataclass(frozen=True)
class MaskedViewTransform(ViewTransform):
    """Transform to `image`: (3, S, S) uint8, and `mask`: (S, S) bool, of the pair's first frame.

    Attributes:
        options: size and smallest area of the crop.
        augment: photometric augmentation.
    """

    options: AugmentationOptions
    augment: PhotometricAugmentation = MILD_VIEW

    @property
    def needs_masks(self) -> bool:
        """Always true."""
        return True

    def __call__(self, pair: FramePair) -> Views:
        """Crop the frame and its mask, and augment the image.

        Raises:
            MissingMaskError: if the frame has no mask.
            FrameError: if its mask has another size.
        """
        mask, size = _checked_mask(pair), self.options.crop_size
        crop = random_crop(pair.first.shape, (self.options.min_crop, 1.0))
        image = self.augment(crop.crop_image(pair.first.color, size))
        return {"image": image, "mask": crop.crop_mask(mask, size)}


def _checked_mask(pair: FramePair) -> NDArray[np.bool_]:
    frame, mask = pair.first, pair.masks[0]
    if mask is None:
        raise MissingMaskError(frame.name)
    if mask.shape != frame.shape:
        raise FrameError(
            f"frame {frame.name}: its mask is {mask.shape[1]}x{mask.shape[0]} but the image is "
            f"{frame.shape[1]}x{frame.shape[0]}"
        )
    return mask
