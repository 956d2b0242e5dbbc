"""Tests of the encoding of images by a teacher."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from scenerep_training.datasets.encoded_images import EncodedImages
from scenerep_training.datasets.encoding import EncodeOptions, encode
from scenerep_training.networks.encoder import build_encoder

from scenerep_ros.errors import ConfigError


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for index, image in enumerate(np.random.default_rng(0).integers(0, 255, (3, 40, 60, 3))):
        cv2.imwrite(str(folder / f"{index}.png"), image.astype(np.uint8))
    return folder


def make_options(tmp_path, name="test_vit", **changes) -> EncodeOptions:
    path = tmp_path / f"{name}.pth"
    torch.manual_seed(0)
    torch.save(build_encoder(name, "random").network.state_dict(), path)
    values = {"backbone": name, "weights": str(path), "runtime": "torch", "precision": "fp32"}
    return EncodeOptions(**values, grid_size=4, shard_size=4, device="cpu", **changes)


def test_encode_stores_all_crops_in_shards(images, tmp_path):
    encode([images], tmp_path / "encoded", make_options(tmp_path, crops=2))
    source = EncodedImages(tmp_path / "encoded")
    assert len(source) == 6
    frame = source[5]
    assert frame.color.shape == (64, 64, 3)
    assert frame.teacher.grid.shape[:2] == frame.teacher.attention.shape[1:] == (4, 4)


def test_encode_continues_after_complete_shards(images, tmp_path):
    folder, options = tmp_path / "encoded", make_options(tmp_path, crops=2)
    encode([images], folder, options)
    first, second = sorted(folder.glob("shards/*"))
    content, stamp = second.read_bytes(), first.stat().st_mtime_ns
    second.unlink()
    encode([images], folder, options)
    assert second.read_bytes() == content
    assert first.stat().st_mtime_ns == stamp


def test_encode_of_other_crops_into_a_folder_raises(images, tmp_path):
    encode([images], tmp_path / "encoded", make_options(tmp_path))
    with pytest.raises(ConfigError, match=r"other settings \(crops;"):
        encode([images], tmp_path / "encoded", make_options(tmp_path, crops=2))


def test_encode_with_teacher_without_attention_raises(images, tmp_path):
    with pytest.raises(ConfigError, match="no CLS attention"):
        encode([images], tmp_path / "encoded", make_options(tmp_path, "test_resnet"))
