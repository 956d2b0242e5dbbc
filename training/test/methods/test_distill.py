"""Tests of the method distillation, with and without cached teacher features."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.data.views.base import FramePair, Views
from scenerep_training.methods.distill import Distill, DistillOptions
from scenerep_training.networks.encoder import build_encoder
from torch.utils.data import default_collate

from scenerep_ros.backbones.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.backbones.loading import load_backbone
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import KINECT, RGBDFrame


@pytest.fixture(scope="module")
def teacher(tmp_path_factory) -> str:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("teacher") / "tiny.pth"
    torch.save(build_encoder("test_vit2", "random").network.state_dict(), path)
    return str(path)


@pytest.fixture
def distill(teacher):
    def build(**changes) -> Distill:
        torch.manual_seed(0)
        options = DistillOptions(
            teacher="test_vit2", teacher_weights=teacher, teacher_resolution=64, crop_size=64
        ).model_copy(update={"backbone": "test_resnet", "device": "cpu"} | changes)
        return Distill(options, build_encoder(options.backbone, "random", options.stage))

    return build


@pytest.fixture(scope="module")
def pair() -> FramePair:
    noise = np.random.default_rng(0).integers(0, 255, (2, 9, 12, 3), np.uint8)
    depth = np.full((90, 120), 2, np.float32)
    frames = (
        RGBDFrame(image.repeat(10, 0).repeat(10, 1), depth, KINECT, pose=np.eye(4))
        for image in noise
    )
    return FramePair(*frames)


def make_batch(method: Distill, pair: FramePair, size: int = 4) -> Views:
    transform = method.build_transform()
    return default_collate([transform(pair) for _ in range(size)])


CONVNET_TEACHER = {
    "teacher": "test_resnet",
    "teacher_weights": "random",
    "teacher_stage": -2,
    "backbone": "test_vit2",
}


@pytest.mark.parametrize("networks", [{"stage": -1}, {"stage": -2}, CONVNET_TEACHER])
@pytest.mark.parametrize("cached", [False, True])
def test_distill_loss_falls(distill, pair, tmp_path, networks, cached):
    method = distill(**networks, teacher_cache=str(tmp_path) if cached else "")
    method.prepare([pair.first, pair.second])
    views = make_batch(method, pair)
    optimizer = torch.optim.AdamW(method.parameters(), lr=3e-3)
    losses = []
    for _ in range(15):
        output = method.compute_loss(views)
        optimizer.zero_grad()
        output.loss.backward()
        optimizer.step()
        losses.append(float(output.loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_distill_trains_student_only(distill, pair):
    method = distill()
    method.compute_loss(make_batch(method, pair)).loss.backward()
    assert all(weight.grad is None for weight in method.teacher.parameters())
    assert all(weight.grad is not None for weight in method.encoder.parameters())


def test_distill_transform_of_uncached_frame_raises(distill, pair, tmp_path):
    transform = distill(teacher_cache=str(tmp_path)).build_transform()
    with pytest.raises(ConfigError, match="missing"):
        transform(pair)


@pytest.mark.parametrize("weight", [0.1, 0.0])
def test_distill_uses_correspondences_only_with_consistency_weight(distill, pair, weight):
    method = distill(consistency_weight=weight)
    views = make_batch(method, pair)
    assert ("correspondence" in views) == (weight > 0)
    assert ("consistency" in method.compute_loss(views).metrics) == (weight > 0)


def test_distill_crop_of_partial_patches_raises(distill):
    with pytest.raises(ConfigError, match="multiple of its stride of 32"):
        distill(crop_size=100)


def test_distill_student_loads_as_backbone(distill, pair, tmp_path):
    student = distill().exported_encoder
    card = ModelCard(
        architecture=student.name,
        mean=student.normalization.mean,
        std=student.normalization.std,
        resolution=64,
        origin="test",
        license="none",
    )
    save_checkpoint(tmp_path, student.network.state_dict(), card)
    options = BackboneOptions(
        backbone=student.name,
        weights=str(tmp_path),
        runtime="torch",
        device="cpu",
        precision="fp32",
    )
    image = np.ascontiguousarray(pair.first.color[:64, :64])
    features = load_backbone(options)(image, 64)
    with torch.inference_mode():
        output = student.eval()(torch.from_numpy(image).permute(2, 0, 1)[None])
    torch.testing.assert_close(features.grid, output.grid[0], rtol=1e-4, atol=1e-5)
