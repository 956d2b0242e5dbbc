from __future__ import annotations

import pickle

import pytest
import torch
from scenerep_training.data.views.photometric import (
    FIRST,
    LOCAL,
    MOCO,
    SECOND,
    SIMCLR,
    Blur,
    ShiftHue,
)
from torchvision.transforms.v2 import functional as F


@pytest.fixture
def view():
    noise = torch.rand(3, 12, 12, generator=torch.Generator().manual_seed(0))
    return (255 * F.resize(noise, [64, 64])).to(torch.uint8)


@pytest.mark.parametrize("photometric", [FIRST, SECOND, LOCAL, SIMCLR, MOCO])
def test_a_view_stays_a_view_and_follows_the_seed(photometric, view):
    before, seen = view.clone(), []
    for photo in (photometric, pickle.loads(pickle.dumps(photometric))):
        torch.manual_seed(3)
        seen.append([photo(view) for _ in range(5)])
    assert all(each.shape == view.shape and each.dtype == torch.uint8 for each in seen[0])
    assert all(torch.equal(*each) for each in zip(*seen, strict=True))
    assert not all(torch.equal(each, seen[0][0]) for each in seen[0])
    assert torch.equal(view, before)


@pytest.mark.parametrize("share", [-0.3, 0.1, 0.5])
def test_hue_is_torchvisions(share, view):
    ours = ShiftHue(0.5).transform(view, {"shift": share})
    theirs = F.adjust_hue(view, share)
    error = (ours.float() - theirs.float()).abs()
    assert error.mean() < 2
    assert error.quantile(0.99) < 8


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
def test_blur_is_torchvisions(sigma, view):
    ours = Blur(0.1, 2.0).transform(view, {"sigma": sigma})
    theirs = F.gaussian_blur(view, [15, 15], [sigma, sigma])
    assert (ours.float() - theirs.float()).abs().max() <= 3


def test_blur_is_in_proportion_to_the_view():
    blur = Blur(1.0, 1.0)
    assert blur.make_params([torch.empty(3, 224, 224)])["sigma"] == 1
    assert blur.make_params([torch.empty(3, 112, 112)])["sigma"] == 0.5


def test_first_view_of_byol_is_always_blurred(view):
    torch.manual_seed(0)
    sharp = view.float().diff(dim=-1).abs().mean()
    assert all(FIRST(view).float().diff(dim=-1).abs().mean() < 1.5 * sharp for _ in range(10))
