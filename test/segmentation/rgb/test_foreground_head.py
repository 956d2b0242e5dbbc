"""The linear foreground head and its loading."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import WeightsError
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.rgb.foreground_head import (
    ForegroundHead,
    ForegroundLogits,
    load_foreground_head,
)
from scenerep_ros.segmentation.rgb.saliency import foreground_probability


def axis_features(axes):
    """Features (1, n, 4) whose patches point along the given axes."""
    grid = 7 * np.eye(4, dtype=np.float32)[axes][None]
    return Features(grid, np.zeros(4, np.float32))


@pytest.fixture
def head():
    weight = np.array([[1, -1, 0, 0], [0, 0, 2, -2], [1, 1, -1, -1]], np.float32)
    return ForegroundHead(weight, np.array([0, 0.5, 0], np.float32))


def save_head(folder):
    card = ModelCard(
        architecture="vit_tiny_patch16_224",
        mean=(0, 0, 0),
        std=(1, 1, 1),
        resolution=64,
        origin="test",
        license="none",
    )
    save_checkpoint(folder, {"weight": torch.ones(3, 8), "bias": torch.zeros(3)}, card)
    return folder


def test_head_returns_linear_functions_of_unit_features(head):
    logits = head(axis_features([0, 1, 2, 3]))
    np.testing.assert_allclose(logits.salient, [[1, -1, 0, 0]], rtol=1e-6)
    np.testing.assert_allclose(logits.furnishing, [[0.5, 0.5, 2.5, -1.5]], rtol=1e-6)


@pytest.mark.parametrize(("axes", "expected"), [([0, 1, 2], True), ([0, 2, 3], False)])
def test_head_recognizes_room_by_mean_feature(head, axes, expected):
    assert head(axis_features(axes)).is_room is expected


def test_head_rejects_features_of_other_dimensions(head):
    assert head(Features(np.ones((2, 2, 5), np.float32), np.ones(5, np.float32))) is None


def test_probability_rises_with_the_logit_of_the_head():
    salient = np.array([[-9, 0, 9]], np.float32)
    logits = ForegroundLogits(salient, np.zeros((1, 3), np.float32), is_room=False)
    probability = foreground_probability(np.full((1, 3), 1.1, np.float32), logits)
    np.testing.assert_allclose(probability, expit(salient), rtol=1.3e-6, atol=1e-5)


def test_default_backbone_has_a_head():
    loaded = load_foreground_head(PipelineConfig())
    assert loaded is not None
    assert loaded.weight.shape == (3, 384)


@pytest.mark.parametrize(
    "options", [{"weights": "random"}, {"backbone": "vit_tiny_patch16_224"}, {"weights": "a.pth"}]
)
def test_other_backbones_have_no_head(options):
    assert load_foreground_head(PipelineConfig(**options)) is None


def test_checkpoint_brings_its_own_head(tmp_path):
    save_head(tmp_path)
    save_head(tmp_path / "foreground_head")
    loaded = load_foreground_head(PipelineConfig(weights=str(tmp_path)))
    assert loaded is not None
    assert loaded.weight.shape == (3, 8)


def test_truncated_head_is_an_error(tmp_path):
    save_head(tmp_path)
    weights = save_head(tmp_path / "foreground_head") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(WeightsError, match="truncated"):
        load_foreground_head(PipelineConfig(weights=str(tmp_path)))


def test_student_checkpoint_uses_head_of_its_teacher(tmp_path):
    card = ModelCard(
        architecture="student",
        mean=(0, 0, 0),
        std=(1, 1, 1),
        resolution=64,
        origin="test",
        license="none",
    )
    save_checkpoint(tmp_path, {"weight": torch.ones(1)}, card)
    head = load_foreground_head(PipelineConfig(weights=str(tmp_path), backbone="student"))
    np.testing.assert_array_equal(head.weight, load_foreground_head(PipelineConfig()).weight)
