"""Teachers: frozen, resized, cached as the runtime computes, and cut to crops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.networks.encoder import make_encoder
from scenerep_training.networks.teacher import Teacher, TeacherCache, crop_grid

from scenerep_ros.backbones.loading import load_backbone
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ConfigError, WeightsError
from scenerep_ros.frames import RGBDFrame


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> BackboneOptions:
    """A tiny teacher, whose weights are the same each time it is loaded."""
    path = tmp_path_factory.mktemp("teacher") / "tiny.pth"
    torch.save(make_encoder("test_vit2", "random").network.state_dict(), path)
    return BackboneOptions(
        backbone="test_vit2", weights=str(path), device="cpu", precision="fp32", resolution=64
    )


@pytest.fixture
def frame() -> RGBDFrame:
    pixels = np.random.default_rng(0).integers(0, 255, (70, 90, 3), np.uint8)
    return RGBDFrame(pixels)


def test_cached_features_are_the_runtimes(options, frame, tmp_path):
    cache = TeacherCache(tmp_path, options)
    assert cache.fill([frame, frame]) == 1
    cached, direct = cache.read(frame.color.copy()), load_backbone(options)(frame.color, 64)
    assert cached.grid.equal(direct.grid.half())
    assert cached.pooled.equal(direct.pooled.half())


def test_what_is_there_is_not_computed_again(options, frame, tmp_path):
    TeacherCache(tmp_path, options).fill([frame])
    assert TeacherCache(tmp_path, options).fill([frame]) == 0


def test_teachers_do_not_share_features(options, frame, tmp_path):
    TeacherCache(tmp_path, options).fill([frame])
    finer = options.model_copy(update={"resolution": 128})
    with pytest.raises(ConfigError, match="missing"):
        TeacherCache(tmp_path, finer).read(frame.color)


def test_a_file_cut_short_is_named(options, frame, tmp_path):
    cache = TeacherCache(tmp_path, options)
    cache.fill([frame])
    (path,) = tmp_path.rglob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(WeightsError, match=path.name):
        cache.read(frame.color)


def test_a_crop_takes_the_cells_under_it():
    row, column = torch.meshgrid(torch.arange(10.0), torch.arange(20.0), indexing="ij")
    grid = torch.stack([row, column], dim=-1)
    crop = crop_grid(grid.half(), torch.tensor([0.2, 0.2, 0.8, 0.8]), 3)
    # Rows 2 to 7 in threes of two, columns 4 to 15 in threes of four: the mean of each.
    torch.testing.assert_close(crop[:, 0, 0], torch.tensor([2.5, 4.5, 6.5]))
    torch.testing.assert_close(crop[0, :, 1], torch.tensor([5.5, 9.5, 13.5]))


@pytest.mark.parametrize(
    "name", ["vit_tiny_patch16_224", "vit_small_patch14_dinov2", "test_resnet"]
)
def test_a_live_teacher_says_what_the_runtime_says(name, tmp_path):
    encoder = make_encoder(name, "random")
    for weight in encoder.parameters():
        weight.data *= 1.2  # untrained features hardly depend on the image
    torch.save(encoder.network.state_dict(), tmp_path / "teacher.pth")
    options = BackboneOptions(
        backbone=name, weights=str(tmp_path / "teacher.pth"), device="cpu", precision="fp32"
    )
    size = 6 * encoder.stride
    image = np.random.default_rng(0).integers(0, 255, (size, size, 3), np.uint8)
    expected = load_backbone(options)(image, size)
    said = Teacher(encoder, size)(torch.from_numpy(image).permute(2, 0, 1)[None], (6, 6))
    torch.testing.assert_close(said.grid[0], expected.grid, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(said.pooled[0], expected.pooled, rtol=1e-3, atol=1e-4)


def test_the_teacher_is_resized_to_the_student_and_frozen():
    teacher = Teacher(make_encoder("test_vit2", "random"), 100)
    teacher.train()
    encoded = teacher(torch.randint(0, 255, (2, 3, 64, 64), dtype=torch.uint8), (4, 4))
    assert encoded.grid.shape == (2, 4, 4, 64)
    assert not encoded.grid.requires_grad
    assert not any(module.training for module in teacher.modules())
    assert not any(weight.requires_grad for weight in teacher.parameters())
