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
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (5, 4, 4, 3), np.uint8)
    scale = np.arange(1, 25, dtype=np.float32)
    return [
        EncodedFrame(
            cv2.resize(image, (64, 64), interpolation=cv2.INTER_LINEAR),
            teacher=Features(
                rng.standard_normal((4, 4, 24), np.float32) * scale + 3,
                rng.standard_normal(24, np.float32),
                rng.random((2, 4, 4), np.float32),
            ),
        )
        for image in noise
    ]


@pytest.fixture
def folder(frames, tmp_path):
    projection = Projection.fit(
        torch.from_numpy(np.concatenate([frame.teacher.grid.reshape(-1, 24) for frame in frames]))
    )
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
        error = np.linalg.norm(actual.teacher.grid - teacher.grid) / np.linalg.norm(teacher.grid)
        assert error < 0.02
        np.testing.assert_allclose(actual.teacher.pooled, teacher.pooled, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(actual.teacher.attention, teacher.attention, atol=1e-3)


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
