"""Tests of the view with its foreground mask."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from layouts import checkerboard_image, square_mask
from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.base import FramePair
from scenerep_training.data.views.masked_view import MaskedViewTransform
from scenerep_training.data.views.photometric import PhotometricAugmentation

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame

MASK = square_mask() > 0
FRAME = RGBDFrame(checkerboard_image(MASK))
UNCHANGED = PhotometricAugmentation(jitter=(0, 0, 0, 0))


@pytest.mark.parametrize("seed", range(6))
def test_masked_view_is_aligned_with_image(seed):
    torch.manual_seed(seed)
    transform = MaskedViewTransform(AugmentationOptions(crop_size=64, min_crop=0.8), UNCHANGED)
    views = transform(FramePair(FRAME, FRAME, (MASK, MASK)))
    image, mask = views["image"].float().mean(0), views["mask"]
    assert transform.needs_masks
    assert image.shape == mask.shape == (64, 64)
    assert mask.dtype == torch.bool
    assert image[mask].mean() > image[~mask].mean() + 20


@pytest.mark.parametrize(("mask", "message"), [(None, "no mask"), (np.ones((5, 6), bool), "6x5")])
def test_masked_view_without_fitting_mask_raises(mask, message):
    with pytest.raises(FrameError, match=rf"frame frame: .*{message}"):
        MaskedViewTransform(AugmentationOptions())(FramePair(FRAME, FRAME, (mask, mask)))
