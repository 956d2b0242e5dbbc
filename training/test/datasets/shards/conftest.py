"""Fixtures of the tests of shards."""

from __future__ import annotations

import pytest
from clips import write_images, write_video
from layouts import square_mask, write_tum
from scenerep_training.datasets.shards.writing import ShardOptions, write_shards


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def recordings(tmp_path):
    """Paths of a video, a folder of JPEG files and one with masks."""
    return [
        write_video(tmp_path / "drive.avi", 7),
        write_images(tmp_path / "walk", 5, suffix=".jpg"),
        write_tum(tmp_path / "masked", [square_mask(1)] * 3),
    ]


@pytest.fixture
def shards(recordings, tmp_path):
    write_shards(recordings, tmp_path / "shards", ShardOptions())
    return tmp_path / "shards"
