"""The teacher's features move as the view does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.crops import Crop
from scenerep_training.data.views.pair import FramePair
from scenerep_training.data.views.plain_view import PlainView
from scenerep_training.data.views.teacher_view import TeacherView
from scenerep_training.networks.teacher import TeacherCache

from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.frames import RGBDFrame

CELLS = 4
"""A side of the frame in the teacher's cells of 16 pixels."""


@dataclass(frozen=True)
class Along(PlainView):
    """A plain view of known crops."""

    crops: tuple[Crop, Crop] = (Crop(0, 0, 64, 64), Crop(0, 0, 64, 64))

    def draw(self, pair: FramePair) -> tuple[Crop, Crop]:
        return self.crops


@pytest.fixture(scope="module")
def frame() -> RGBDFrame:
    return RGBDFrame(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))


@pytest.fixture(scope="module")
def cache(tmp_path_factory, frame) -> TeacherCache:
    teacher = BackboneOptions(
        backbone="test_vit2", weights="random", device="cpu", precision="fp32", resolution=64
    )
    cache = TeacherCache(tmp_path_factory.mktemp("cache"), teacher)
    cache.fill([frame])
    return cache


@pytest.fixture
def said(frame, cache):
    def of(first: Crop, second: Crop, cells: int = CELLS) -> torch.Tensor:
        plain = Along(AugmentationOptions(crop_size=64), crops=(first, second))
        return TeacherView(plain, cache, cells)(FramePair(frame, frame))["teacher_grid"].float()

    return of


def test_a_quarter_of_the_frame_is_a_quarter_of_its_grid(said, frame, cache):
    grid = cache.read(frame.color).grid.float()
    first, second = said(Crop(0, 0, 32, 32), Crop(32, 32, 32, 32), cells=1)
    torch.testing.assert_close(first[0, 0], grid[:2, :2].mean((0, 1)), rtol=1e-3, atol=2e-3)
    torch.testing.assert_close(second[0, 0], grid[2:, 2:].mean((0, 1)), rtol=1e-3, atol=2e-3)


def test_a_mirrored_view_has_a_mirrored_grid(said):
    crop = Crop(8, 20, 30, 40)
    straight, mirrored = said(crop, Crop(8, 20, 30, 40, flip=True))
    assert not straight.equal(mirrored)
    torch.testing.assert_close(mirrored, straight.flip(1))


def test_features_of_the_whole_frame_come_along(frame, cache):
    views = TeacherView(Along(AugmentationOptions(crop_size=64)), cache, CELLS)
    pooled = views(FramePair(frame, frame))["teacher_pooled"]
    assert pooled.equal(cache.read(frame.color).pooled.expand(2, -1))
