from __future__ import annotations

import numpy as np
import pytest
import torch
from layouts import picture, square
from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.masked_view import MaskedView
from scenerep_training.data.views.pair import FramePair
from scenerep_training.data.views.photometric import Photometric

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import RGBDFrame

MASK = square() > 0
FRAME = RGBDFrame(picture(MASK))


@pytest.mark.parametrize("seed", range(6))
def test_the_mask_lies_on_the_thing(seed):
    torch.manual_seed(seed)
    make = MaskedView(
        AugmentationOptions(crop_size=64, min_crop=0.8), Photometric(jitter=(0, 0, 0, 0))
    )
    views = make(FramePair(FRAME, FRAME, (MASK, MASK)))
    image, mask = views["image"].float().mean(0), views["mask"]
    assert image.shape == mask.shape == (64, 64)
    assert mask.dtype == torch.bool
    assert make.reads_masks
    assert image[mask].mean() > image[~mask].mean() + 20


@pytest.mark.parametrize(("mask", "message"), [(None, "no mask"), (np.ones((5, 6), bool), "6x5")])
def test_a_mask_that_does_not_fit_is_named(mask, message):
    with pytest.raises(FrameError, match=rf"frame frame: .*{message}"):
        MaskedView(AugmentationOptions())(FramePair(FRAME, FRAME, (mask, mask)))
