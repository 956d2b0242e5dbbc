"""Tests that cached teacher features are cropped and mirrored like the views."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.base import FramePair
from scenerep_training.data.views.crops import Crop
from scenerep_training.data.views.plain_view import PlainViewTransform
from scenerep_training.data.views.teacher_view import TeacherViewTransform
from scenerep_training.networks.teacher import TeacherCache

from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.frames import RGBDFrame

GRID_SIZE = 4
"""Patches of 16 pixels along a side of the frame."""


@dataclass(frozen=True)
class FixedCropTransform(PlainViewTransform):
    """Plain views of given crops."""

    crops: tuple[Crop, Crop] = (Crop(0, 0, 64, 64), Crop(0, 0, 64, 64))

    def draw_crops(self, pair: FramePair) -> tuple[Crop, Crop]:
        return self.crops


@pytest.fixture(scope="module")
def frame() -> RGBDFrame:
    return RGBDFrame(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))


@pytest.fixture(scope="module")
def cache(tmp_path_factory, frame) -> TeacherCache:
    teacher = BackboneOptions(
        backbone="test_vit", weights="random", device="cpu", precision="fp32", resolution=64
    )
    cache = TeacherCache(tmp_path_factory.mktemp("cache"), teacher)
    cache.fill([frame])
    return cache


@pytest.fixture
def teacher_grids(frame, cache):
    def compute(first: Crop, second: Crop, grid_size: int = GRID_SIZE) -> torch.Tensor:
        views = FixedCropTransform(AugmentationOptions(crop_size=64), crops=(first, second))
        transform = TeacherViewTransform(views, cache.read, grid_size)
        return transform(FramePair(frame, frame))["teacher_grid"].float()

    return compute


def test_teacher_grid_of_quarter_is_mean_of_its_patches(teacher_grids, frame, cache):
    grid = torch.from_numpy(cache.read(frame).grid)
    first, second = teacher_grids(Crop(0, 0, 32, 32), Crop(32, 32, 32, 32), grid_size=1)
    torch.testing.assert_close(first[0, 0], grid[:2, :2].mean((0, 1)), rtol=1e-3, atol=2e-3)
    torch.testing.assert_close(second[0, 0], grid[2:, 2:].mean((0, 1)), rtol=1e-3, atol=2e-3)


def test_teacher_grid_of_mirrored_view_is_mirrored(teacher_grids):
    grid, mirrored = teacher_grids(Crop(8, 20, 30, 40), Crop(8, 20, 30, 40, flip=True))
    assert not grid.equal(mirrored)
    torch.testing.assert_close(mirrored, grid.flip(1))


def test_teacher_pooled_feature_is_that_of_whole_frame(frame, cache):
    views = FixedCropTransform(AugmentationOptions(crop_size=64))
    transform = TeacherViewTransform(views, cache.read, GRID_SIZE)
    pooled = transform(FramePair(frame, frame))["teacher_pooled"]
    np.testing.assert_array_equal(pooled, np.stack([cache.read(frame).pooled] * 2))


def test_teacher_attention_is_cropped_but_not_its_mass(frame, cache):
    crops = Crop(0, 0, 32, 32), Crop(32, 32, 32, 32)
    views = FixedCropTransform(AugmentationOptions(crop_size=64), crops=crops)
    batch = TeacherViewTransform(views, cache.read, 1)(FramePair(frame, frame))
    attention = torch.from_numpy(cache.read(frame).attention)
    first, second = batch["teacher_attention"][..., 0, 0]
    torch.testing.assert_close(first, attention[:, :2, :2].mean((1, 2)))
    torch.testing.assert_close(second, attention[:, 2:, 2:].mean((1, 2)))
    torch.testing.assert_close(batch["attention_mass"], attention.sum((1, 2)).expand(2, -1))
