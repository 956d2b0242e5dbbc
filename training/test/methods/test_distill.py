"""Distillation: a student comes nearer to its teacher, with and without a cache."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.data.views.pair import FramePair, Views
from scenerep_training.methods.distill import Distill, DistillOptions
from scenerep_training.networks.encoder import make_encoder
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
    torch.save(make_encoder("test_vit2", "random").network.state_dict(), path)
    return str(path)


@pytest.fixture
def distill(teacher):
    def build(**changes) -> Distill:
        torch.manual_seed(0)
        options = DistillOptions(
            teacher="test_vit2", teacher_weights=teacher, teacher_resolution=64, crop_size=64
        ).model_copy(update={"backbone": "test_resnet", "device": "cpu"} | changes)
        return Distill(options, make_encoder(options.backbone, "random", options.stage))

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


def batch(method: Distill, pair: FramePair, size: int = 4) -> Views:
    views = method.make_views()
    return default_collate([views(pair) for _ in range(size)])


CONVNET_TEACHES_VIT = {
    "teacher": "test_resnet",
    "teacher_weights": "random",
    "teacher_stage": -2,
    "backbone": "test_vit2",
}


@pytest.mark.parametrize("networks", [{"stage": -1}, {"stage": -2}, CONVNET_TEACHES_VIT])
@pytest.mark.parametrize("cached", [False, True])
def test_the_student_comes_nearer(distill, pair, tmp_path, networks, cached):
    method = distill(**networks, teacher_cache=str(tmp_path) if cached else "")
    method.prepare([pair.first, pair.second])
    views = batch(method, pair)
    optimiser = torch.optim.AdamW(method.parameters(), lr=3e-3)
    losses = []
    for _ in range(15):
        step = method.loss(views)
        optimiser.zero_grad()
        step.loss.backward()
        optimiser.step()
        losses.append(float(step.loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_only_the_student_learns(distill, pair):
    method = distill()
    method.loss(batch(method, pair)).loss.backward()
    assert all(weight.grad is None for weight in method.teacher.parameters())
    assert all(weight.grad is not None for weight in method.encoder.parameters())


def test_frames_that_the_teacher_never_saw_are_named(distill, pair, tmp_path):
    views = distill(teacher_cache=str(tmp_path)).make_views()
    with pytest.raises(ConfigError, match="missing"):
        views(pair)


def test_correspondences_are_used_where_asked_for(distill, pair):
    with_pairs, without = distill(), distill(consistency_weight=0.0)
    assert "consistency" in with_pairs.loss(batch(with_pairs, pair)).parts
    views = batch(without, pair)
    assert "correspondence" not in views
    assert "consistency" not in without.loss(views).parts


def test_a_crop_of_broken_cells_is_refused(distill):
    with pytest.raises(ConfigError, match="whole cells of 32"):
        distill(crop_size=100)


def test_the_student_loads_as_a_backbone(distill, pair, tmp_path):
    student = distill().exported
    card = ModelCard(
        architecture=student.name,
        mean=student.normalisation.mean,
        std=student.normalisation.std,
        resolution=64,
        origin="test",
        licence="none",
    )
    save_checkpoint(tmp_path, student.network.state_dict(), card)
    options = BackboneOptions(
        backbone=student.name, weights=str(tmp_path), device="cpu", precision="fp32"
    )
    image = pair.first.color[:64, :64]
    features = load_backbone(options)(image, 64)
    with torch.inference_mode():
        direct = student.eval()(_bytes(RGBDFrame(image)))
    torch.testing.assert_close(features.grid, direct.grid[0], rtol=1e-4, atol=1e-5)


def _bytes(frame: RGBDFrame) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(frame.color)).permute(2, 0, 1)[None]
