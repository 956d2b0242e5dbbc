"""Photometric augmentation of BYOL, DINO, SimCLR and MoCo, on (3, H, W) uint8.

The transforms are torchvision's v2, except two that are slow on a CPU: on a view of 224x224 it shifts
the hue in 5.6 ms and blurs in 22 ms, OpenCV in 0.3 ms each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import torch
from torchvision.transforms import v2

GRAYSCALE_PROBABILITY, JITTER_PROBABILITY = 0.2, 0.8
"""Equal in all the papers."""
SOLARIZE_THRESHOLD = 128
BLUR_SIGMAS_PX = (0.1, 2.0)
"""Range of the blur's sigma in a view of BLUR_VIEW_SIZE_PX [px]."""
BLUR_VIEW_SIZE_PX = 224


@dataclass(frozen=True)
class PhotometricAugmentation:
    """Random change of color and sharpness.

    Attributes:
        jitter: largest change of brightness, contrast and saturation as factors, and of hue as a
            ratio of the color circle.
        blur_probability: probability of a Gaussian blur.
        solarize_probability: probability that pixels above the threshold are inverted.
    """

    jitter: tuple[float, float, float, float] = (0.4, 0.4, 0.2, 0.1)
    blur_probability: float = 0.0
    solarize_probability: float = 0.0

    def __call__(self, view: torch.Tensor) -> torch.Tensor:
        """Augment a view (3, H, W) uint8; random numbers come from torch's generator."""
        return self._transform(view)

    @cached_property
    def _transform(self) -> v2.Compose:
        *factors, hue = self.jitter
        jitter = v2.Compose([v2.ColorJitter(*factors), RandomHueShift(hue)])
        return v2.Compose(
            [
                v2.RandomApply([jitter], JITTER_PROBABILITY),
                v2.RandomGrayscale(GRAYSCALE_PROBABILITY),
                v2.RandomApply([RandomGaussianBlur(*BLUR_SIGMAS_PX)], self.blur_probability),
                v2.RandomSolarize(SOLARIZE_THRESHOLD, self.solarize_probability),
            ]
        )


BYOL_FIRST_VIEW = PhotometricAugmentation(blur_probability=1.0)
BYOL_SECOND_VIEW = PhotometricAugmentation(blur_probability=0.1, solarize_probability=0.2)
"""Asymmetric pair of BYOL (Grill et al., NeurIPS 2020, table 6); also DINO's global views."""
DINO_LOCAL_VIEW = PhotometricAugmentation(blur_probability=0.5)
"""Local views of DINO (Caron et al., ICCV 2021)."""
SIMCLR_VIEW = PhotometricAugmentation(jitter=(0.8, 0.8, 0.8, 0.2), blur_probability=0.5)
"""Both views of SimCLR (Chen et al., ICML 2020)."""
MOCO_VIEW = PhotometricAugmentation(jitter=(0.4, 0.4, 0.4, 0.1), blur_probability=0.5)
"""Both views of MoCo v2 (Chen et al., 2020)."""
MILD_VIEW = PhotometricAugmentation()
"""Views of distillation and of attention heads: color jitter only, without blur."""


class RandomHueShift(v2.Transform):
    """Random shift of the hue of a view (3, H, W) uint8.

    Args:
        max_shift: largest shift, as a ratio of the color circle.
    """

    def __init__(self, max_shift: float) -> None:
        super().__init__()
        self._max_shift = max_shift

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:  # noqa: ARG002
        """Draw the shift."""
        return {"shift": torch.empty(()).uniform_(-self._max_shift, self._max_shift).item()}

    def transform(self, inpt: torch.Tensor, params: dict[str, Any]) -> torch.Tensor:
        """Shift the hue of one view."""
        hsv = cv2.cvtColor(_to_pixels(inpt), cv2.COLOR_RGB2HSV_FULL)
        hsv[..., 0] += np.uint8(round(256 * params["shift"]) % 256)  # uint8 wraps around, like hue
        return _to_view(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL))


class RandomGaussianBlur(v2.Transform):
    """Random Gaussian blur of a view (3, H, W) uint8.

    Args:
        min_sigma: smallest sigma in a view of BLUR_VIEW_SIZE_PX, scaled to other sizes [px].
        max_sigma: largest sigma [px].
    """

    def __init__(self, min_sigma: float, max_sigma: float) -> None:
        super().__init__()
        self._range = min_sigma, max_sigma

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Draw sigma [px]."""
        sigma = torch.empty(()).uniform_(*self._range).item()
        return {"sigma": sigma * flat_inputs[0].shape[-1] / BLUR_VIEW_SIZE_PX}

    def transform(self, inpt: torch.Tensor, params: dict[str, Any]) -> torch.Tensor:
        """Blur one view."""
        return _to_view(cv2.GaussianBlur(_to_pixels(inpt), (0, 0), params["sigma"]))


def _to_pixels(view: torch.Tensor) -> np.ndarray:
    """Convert (3, H, W) to a contiguous array (H, W, 3)."""
    return np.ascontiguousarray(view.permute(1, 2, 0).numpy())


def _to_view(pixels: np.ndarray) -> torch.Tensor:
    """Convert (H, W, 3) to (3, H, W)."""
    return torch.from_numpy(pixels).permute(2, 0, 1)
