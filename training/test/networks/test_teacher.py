"""Tests of the frozen teacher, its cache, and crops of its feature grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scenerep_training.networks.encoder import build_encoder
from scenerep_training.networks.teacher import Teacher, TeacherCache, crop_grid

from scenerep_ros.backbones.loading import load_backbone
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError, WeightsError
from scenerep_ros.frames import RGBDFrame


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> BackboneOptions:
    """Options of a tiny teacher whose weights are stored in a file."""
    path = tmp_path_factory.mktemp("teacher") / "tiny.pth"
    torch.save(build_encoder("test_vit", "random").network.state_dict(), path)
    return BackboneOptions(
        backbone="test_vit", weights=str(path), device="cpu", precision="fp32", resolution=64
    )


@pytest.fixture
def frame() -> RGBDFrame:
    pixels = np.random.default_rng(0).integers(0, 255, (70, 90, 3), np.uint8)
    return RGBDFrame(pixels)


def test_teacher_cache_stores_runtime_features(options, frame, tmp_path):
    cache = TeacherCache(tmp_path, options)
    assert cache.fill([frame, frame]) == 1
    cached = cache.read(replace(frame, color=frame.color.copy()))
    direct = load_backbone(options)(frame.color, 64)
    for name in ("grid", "pooled", "attention"):
        stored = getattr(direct, name).astype(np.float16)
        np.testing.assert_array_equal(getattr(cached, name), stored)


def test_teacher_cache_fill_skips_cached_frames(options, frame, tmp_path):
    TeacherCache(tmp_path, options).fill([frame])
    assert TeacherCache(tmp_path, options).fill([frame]) == 0


def test_teacher_cache_separates_resolutions(options, frame, tmp_path):
    TeacherCache(tmp_path, options).fill([frame])
    finer = options.model_copy(update={"resolution": 128})
    with pytest.raises(ConfigError, match="missing"):
        TeacherCache(tmp_path, finer).read(frame)


def test_teacher_cache_truncated_file_raises_with_its_name(options, frame, tmp_path):
    cache = TeacherCache(tmp_path, options)
    cache.fill([frame])
    (path,) = tmp_path.rglob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(WeightsError, match=path.name):
        cache.read(frame)


def test_crop_grid_averages_covered_patches():
    row, column = torch.meshgrid(torch.arange(10.0), torch.arange(20.0), indexing="ij")
    grid = torch.stack([row, column], dim=-1)
    cropped = crop_grid(grid.half(), torch.tensor([0.2, 0.2, 0.8, 0.8]), 3)
    # The crop covers rows 2 to 7, two per patch, and columns 4 to 15, four per patch.
    torch.testing.assert_close(cropped[:, 0, 0], torch.tensor([2.5, 4.5, 6.5]))
    torch.testing.assert_close(cropped[0, :, 1], torch.tensor([5.5, 9.5, 13.5]))


@pytest.mark.parametrize(
    "name", ["vit_tiny_patch16_224", "vit_small_patch14_dinov2", "test_resnet"]
)
def test_teacher_features_equal_runtime_features(name, tmp_path):
    encoder = build_encoder(name, "random")
    for weight in encoder.parameters():
        weight.data *= 1.2  # untrained features hardly depend on the image
    torch.save(encoder.network.state_dict(), tmp_path / "teacher.pth")
    options = BackboneOptions(
        backbone=name, weights=str(tmp_path / "teacher.pth"), device="cpu", precision="fp32"
    )
    size = 6 * encoder.stride
    image = np.random.default_rng(0).integers(0, 255, (size, size, 3), np.uint8)
    expected = load_backbone(options)(image, size)
    output = Teacher(encoder, size)(torch.from_numpy(image).permute(2, 0, 1)[None], (6, 6))
    np.testing.assert_allclose(output.grid[0], expected.grid, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(output.pooled[0], expected.pooled, rtol=1e-3, atol=1e-4)


def test_teacher_grid_is_resized_and_frozen():
    teacher = Teacher(build_encoder("test_vit", "random"), 100)
    teacher.train()
    output = teacher(torch.randint(0, 255, (2, 3, 64, 64), dtype=torch.uint8), (4, 4))
    assert output.grid.shape == (2, 4, 4, 64)
    assert not output.grid.requires_grad
    assert not any(module.training for module in teacher.modules())
    assert not any(weight.requires_grad for weight in teacher.parameters())
