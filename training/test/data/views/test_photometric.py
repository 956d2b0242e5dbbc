"""Tests of the photometric augmentation against torchvision."""

from __future__ import annotations

import pickle

import pytest
import torch
from scenerep_training.data.views.photometric import (
    BYOL_FIRST_VIEW,
    BYOL_SECOND_VIEW,
    DINO_LOCAL_VIEW,
    MOCO_VIEW,
    SIMCLR_VIEW,
    RandomGaussianBlur,
    RandomHueShift,
)
from torchvision.transforms.v2 import functional as F

AUGMENTATIONS = [BYOL_FIRST_VIEW, BYOL_SECOND_VIEW, DINO_LOCAL_VIEW, SIMCLR_VIEW, MOCO_VIEW]


@pytest.fixture
def view():
    noise = torch.rand(3, 12, 12, generator=torch.Generator().manual_seed(0))
    return (255 * F.resize(noise, [64, 64])).to(torch.uint8)


@pytest.mark.parametrize("augment", AUGMENTATIONS)
def test_augmentation_is_random_but_reproducible(augment, view):
    before = view.clone()
    torch.manual_seed(3)
    first = [augment(view) for _ in range(5)]
    unpickled = pickle.loads(pickle.dumps(augment))
    torch.manual_seed(3)
    second = [unpickled(view) for _ in range(5)]
    assert all(each.shape == view.shape and each.dtype == torch.uint8 for each in first)
    assert all(torch.equal(*pair) for pair in zip(first, second, strict=True))
    assert not all(torch.equal(each, first[0]) for each in first)
    assert torch.equal(view, before)


@pytest.mark.parametrize("shift", [-0.3, 0.1, 0.5])
def test_hue_shift_equals_torchvision(shift, view):
    ours = RandomHueShift(0.5).transform(view, {"shift": shift})
    error = (ours.float() - F.adjust_hue(view, shift).float()).abs()
    assert error.mean() < 2
    assert error.quantile(0.99) < 8


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
def test_gaussian_blur_equals_torchvision(sigma, view):
    ours = RandomGaussianBlur(0.1, 2.0).transform(view, {"sigma": sigma})
    expected = F.gaussian_blur(view, [15, 15], [sigma, sigma])
    assert (ours.float() - expected.float()).abs().max() <= 3


@pytest.mark.parametrize(("size", "sigma"), [(224, 1.0), (112, 0.5)])
def test_gaussian_blur_sigma_scales_with_view(size, sigma):
    blur = RandomGaussianBlur(1.0, 1.0)
    assert blur.make_params([torch.empty(3, size, size)])["sigma"] == sigma


def test_first_view_of_byol_is_always_blurred(view):
    torch.manual_seed(0)
    sharpness = view.float().diff(dim=-1).abs().mean()
    for _ in range(10):
        assert BYOL_FIRST_VIEW(view).float().diff(dim=-1).abs().mean() < 1.5 * sharpness
