"""Tests of the views of distillation and their correspondences."""

from __future__ import annotations

import pytest
import torch
from moving_scene import wall_frame
from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.base import FramePair
from scenerep_training.data.views.photometric import PhotometricAugmentation
from scenerep_training.data.views.plain_view import PlainViewTransform

OPTIONS = AugmentationOptions(crop_size=96, min_crop=0.5)
UNCHANGED = PhotometricAugmentation(jitter=(0, 0, 0, 0))


def test_plain_view_without_grid_size_has_images_only():
    transform = PlainViewTransform(OPTIONS)
    views = transform(FramePair(wall_frame(0), wall_frame(1)))
    assert not transform.needs_depth
    assert list(views) == ["images"]
    assert views["images"].shape == (2, 3, 96, 96)
    assert views["images"].dtype == torch.uint8


@pytest.mark.parametrize("seed", range(5))
def test_plain_view_corresponding_patches_have_equal_colors(seed):
    transform = PlainViewTransform(OPTIONS, grid_size=12, augment=UNCHANGED)
    assert transform.needs_depth
    torch.manual_seed(seed)
    views = transform(FramePair(wall_frame(2), wall_frame(0)))
    first, second = views["images"].float()
    correspondence = views["correspondence"]
    assert correspondence.shape == (12, 12, 2)
    assert correspondence.dtype == torch.float32
    is_known = correspondence.isfinite().all(-1)
    assert 0.1 < is_known.float().mean() < 1
    centers = torch.arange(12) / 12 + 1 / 24
    grid = torch.stack(torch.meshgrid(centers, centers, indexing="xy"), -1)
    difference = sample(first, grid) - sample(second, correspondence.nan_to_num())
    # A random grayscale conversion of one view preserves the mean color only.
    is_gray = min(first.std(0).mean(), second.std(0).mean()) <= 1
    difference = difference.mean(0) if is_gray else difference
    assert difference[..., is_known].abs().mean() < 12


def sample(image, positions):
    """Sample an image (3, H, W) at positions (h, w, 2) in 0..1."""
    normalized = 2 * positions[None] - 1
    return torch.nn.functional.grid_sample(image[None], normalized, align_corners=False)[0]


def test_plain_view_without_poses_has_unknown_correspondences():
    transform = PlainViewTransform(OPTIONS, grid_size=6)
    views = transform(FramePair(wall_frame(0, posed=False), wall_frame(1, posed=False)))
    assert views["correspondence"].isnan().all()
