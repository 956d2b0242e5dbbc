"""Tests of the method distillation, with and without cached teacher features."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.data.views.base import FramePair, Views
from scenerep_training.datasets.encoded_images import (
    EncodedFrame,
    EncodedImages,
    Projection,
    write_shard,
)
from scenerep_training.methods.distill import Distill, DistillOptions
from scenerep_training.networks.encoder import build_encoder
from scenerep_training.networks.teacher import crop_grid
from torch.utils.data import default_collate

from scenerep_ros.backbones.loading import load_backbone
from scenerep_ros.backbones.weights.checkpoint import ModelCard, save_checkpoint
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import KINECT, Features, RGBDFrame


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
    np.testing.assert_allclose(features.grid, output.grid[0], rtol=1e-4, atol=1e-5)


@pytest.fixture
def encoded(tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (3, 8, 8, 3), np.uint8)

    def draw(shape):
        return rng.standard_normal(shape, np.float32)

    frames = [
        EncodedFrame(
            image.repeat(8, 0).repeat(8, 1),
            teacher=Features(draw((4, 4, 64)), draw(64), abs(draw((6, 4, 4))) / 16),
        )
        for image in noise
    ]
    projection = Projection.fit(
        torch.from_numpy(np.concatenate([each.teacher.grid.reshape(-1, 64) for each in frames]))
    )
    projection.save(tmp_path)
    write_shard(tmp_path, "0", frames, projection)
    return tmp_path


def encoded_pair(folder) -> FramePair:
    source = EncodedImages(folder)
    return FramePair(source.color_frame(0), source.color_frame(1))


def test_distill_of_encoded_images_adds_cropped_teacher(distill, encoded):
    method = distill(teacher_cache=str(encoded), stage=-2, consistency_weight=0.0, min_crop=1.0)
    pair = encoded_pair(encoded)
    views = method.build_transform()(pair)
    grids = views["teacher_grid"].float()
    for grid, frame in zip(grids, (pair.first, pair.second), strict=True):
        whole = crop_grid(
            torch.from_numpy(frame.teacher.grid), torch.tensor([0.0, 0, 1, 1]), grid.shape[0]
        )
        mirrored = torch.stack([whole, whole.flip(1)])
        assert (mirrored - grid).abs().amax((1, 2, 3)).min() < 1e-2
    assert views["teacher_attention"].shape == (2, 6, *grids.shape[1:3])


def test_distill_of_encoded_images_trains_attention(distill, encoded):
    options = {"teacher_cache": str(encoded), "consistency_weight": 0.0, "backbone": "student"}
    method = distill(**options)
    output = method.compute_loss(make_batch(method, encoded_pair(encoded), 2))
    output.loss.backward()
    assert method.encoder.network.attention.weight.grad.abs().sum() > 0
    assert method.encoder.network.attention_mass.mean() < 1


@pytest.mark.parametrize(
    ("name", "has_loss"),
    [
        pytest.param("vit_small_patch16_224", True, id="as many heads"),
        pytest.param("test_vit", False, id="other heads"),
        pytest.param("test_vit2", False, id="no attention"),
    ],
)
def test_distill_of_cached_frames_trains_attention(distill, pair, tmp_path, name, has_loss):
    options = {"backbone": "student", "consistency_weight": 0.0, "teacher_weights": "random"}
    method = distill(**options, teacher=name, teacher_cache=str(tmp_path))
    method.prepare([pair.first, pair.second])
    output = method.compute_loss(make_batch(method, pair, 2))
    assert ("attention" in output.metrics) == has_loss


def test_distill_of_frames_without_features_raises(distill, encoded, pair):
    method = distill(teacher_cache=str(encoded), consistency_weight=0.0)
    with pytest.raises(ConfigError, match="not stored with a teacher's features"):
        method.build_transform()(pair)


def test_distill_without_adaptor_and_other_channels_raises(distill):
    with pytest.raises(ConfigError, match="set adaptor to linear"):
        distill(adaptor="none", stage=-2)


def test_distill_without_adaptor_approaches_teacher_itself(distill, pair):
    method = distill(adaptor="none", backbone="test_vit2")
    with torch.no_grad():  # the student starts as a copy of the teacher
        for weight in method.encoder.parameters():
            weight += 0.1 * torch.randn_like(weight)
    views = make_batch(method, pair)
    optimizer = torch.optim.AdamW(method.encoder.parameters(), lr=3e-3)
    losses = []
    for _ in range(15):
        loss = method.compute_loss(views).metrics["dense"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize(
    ("average", "share"),
    [
        pytest.param(0.1, 0.9, id="short average"),
        pytest.param(0.9995, 9 / 11, id="long average forgets the start"),
    ],
)
def test_distill_exports_moving_average(distill, average, share):
    method = distill(average=average)
    weight = method.encoder.network.conv1[0].weight
    start = weight.detach().clone()
    method.after_optimizer_step()
    with torch.no_grad():
        weight += 1
    method.after_optimizer_step()
    exported = method.exported_encoder.network.conv1[0].weight
    torch.testing.assert_close(exported, start + share)
    assert not exported.requires_grad


def test_distill_exports_weights_between_initial_and_trained(distill):
    method = distill(initial_share=0.25)
    weight = method.encoder.network.conv1[0].weight
    start = weight.detach().clone()
    with torch.no_grad():
        weight += 1
    torch.testing.assert_close(method.exported_encoder.network.conv1[0].weight, start + 0.75)
    torch.testing.assert_close(weight.detach(), start + 1)
