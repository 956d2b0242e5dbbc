"""Tests of the previews of held-out frames."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from scenerep_training.config.options import TrainingOptions
from scenerep_training.monitoring.segmentation_preview import (
    TILE_SIZE,
    SegmentationPreview,
    draw_preview,
)
from scenerep_training.networks.encoder import build_encoder

from scenerep_ros.frames import RGBDFrame


@pytest.fixture(scope="module")
def method():
    """Stub of a method with an untrained encoder."""
    return SimpleNamespace(
        exported_encoder=build_encoder("test_resnet", "random"),
        options=TrainingOptions(crop_size=64, max_steps=5),
        device=torch.device("cpu"),
    )


@pytest.fixture(scope="module")
def frames():
    noise = np.random.default_rng(0).integers(0, 255, (2, 12, 16, 3), np.uint8)
    return [RGBDFrame(image.repeat(8, 0).repeat(8, 1)) for image in noise]


@pytest.fixture
def trainer():
    return SimpleNamespace(is_global_zero=True, logger=MagicMock())


def test_draw_preview_shows_frames_beside_masks(method, frames):
    preview = draw_preview(method, frames)
    width, height = TILE_SIZE
    assert preview.dtype == np.uint8
    assert preview.shape[0] >= height
    assert preview.shape[1] >= 2 * width


def test_draw_preview_keeps_training_mode_and_weights(method, frames):
    encoder = method.exported_encoder.train()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    draw_preview(method, frames)
    assert encoder.network.training
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


def test_preview_is_written_at_interval_and_after_last_step(method, frames, trainer, tmp_path):
    callback = SegmentationPreview(tmp_path, frames, every=2)
    for step in range(1, 6):
        callback.on_step_end(trainer, method, step)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step-000002.jpg", "step-000004.jpg", "step-000005.jpg"]


@pytest.mark.parametrize(("every", "has_frames"), [(0, True), (1, False)])
def test_preview_disabled_or_without_frames_writes_nothing(
    method, frames, trainer, tmp_path, every, has_frames
):
    callback = SegmentationPreview(tmp_path, frames if has_frames else [], every)
    callback.on_step_end(trainer, method, 5)
    assert not list(tmp_path.iterdir())
