"""Tests of images that are stored with a teacher's features."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest
import torch
from scenerep_training.data.held_out import hold_out
from scenerep_training.data.recordings import open_recordings
from scenerep_training.datasets.encoded_images import (
    EncodedFrame,
    EncodedImages,
    Projection,
    write_shard,
)

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import Features


@pytest.fixture(scope="module")
def frames() -> list[EncodedFrame]:
    generator = torch.Generator().manual_seed(0)
    noise = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), np.uint8)
    return [
        EncodedFrame(
            cv2.resize(image, (64, 64), interpolation=cv2.INTER_LINEAR),
            teacher=Features(
                torch.randn(4, 4, 24, generator=generator) * torch.arange(1, 25) + 3,
                torch.randn(24, generator=generator),
                torch.rand(2, 4, 4, generator=generator),
            ),
        )
        for image in noise
    ]


@pytest.fixture
def folder(frames, tmp_path):
    projection = Projection.fit(torch.cat([frame.teacher.grid.flatten(0, 1) for frame in frames]))
    projection.save(tmp_path)
    write_shard(tmp_path, "0", frames[:2], projection)
    write_shard(tmp_path, "1", frames[2:], projection)
    return tmp_path


def test_encoded_images_return_images_and_features_of_all_shards(folder, frames):
    source = pickle.loads(pickle.dumps(EncodedImages(folder)))
    assert len(source) == len(frames)
    for index, frame in enumerate(frames):
        actual, teacher = source.color_frame(index), frame.teacher
        assert np.abs(actual.color.astype(int) - frame.color).mean() < 8
        error = (actual.teacher.grid - teacher.grid).norm() / teacher.grid.norm()
        assert error < 0.02
        torch.testing.assert_close(actual.teacher.pooled, teacher.pooled, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(actual.teacher.attention, teacher.attention, rtol=0, atol=1e-3)


def test_encoded_images_are_trained_on_as_a_whole(folder, frames):
    parts = hold_out(open_recordings([folder]))
    assert not parts.held_back
    assert sum(map(len, parts.training.sources)) == len(frames)


def test_encoded_images_without_shard_raises(folder):
    for path in folder.glob("shards/*"):
        path.unlink()
    with pytest.raises(SourceError, match="has no shard"):
        EncodedImages(folder)


@pytest.mark.parametrize("name", ["projection.safetensors", "shards/0.safetensors"])
def test_encoded_images_with_damaged_file_raises(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(SourceError, match="cannot be read"):
        EncodedImages(folder)


def test_encoded_images_beyond_last_raises(folder, frames):
    with pytest.raises(IndexError):
        EncodedImages(folder)[len(frames)]
