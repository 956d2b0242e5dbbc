"""Tests of recordings in shards: their frames and pairs equal those of the recordings."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from clips import write_images
from layouts import truncate_file, write_davis
from scenerep_training.data.pairs import PairDataset
from scenerep_training.data.recordings import open_recordings
from scenerep_training.datasets.shards.writing import ShardOptions, write_shards
from scenerep_training.methods.registry import METHODS
from sharded import assert_equal_frames

from scenerep_ros.errors import ConfigError, FrameError
from scenerep_ros.filesystem.atomic import write_image

pytest.importorskip("litdata", reason="the extra `shards` is not installed")

TABLETOP = Path(__file__).resolve().parents[4] / "test" / "data" / "tabletop"


def test_shards_hold_the_frames_that_training_reads(shards, recordings):
    actual, expected = open_recordings([shards]), open_recordings(recordings)
    assert actual.probabilities == pytest.approx(expected.probabilities)
    assert actual.has_pairs == expected.has_pairs
    for one, other in zip(actual.sources, expected.sources, strict=True):
        assert_equal_frames(pickle.loads(pickle.dumps(one)), other)
    assert actual.sources[0].color_frame(3).depth is None


@pytest.mark.slow
def test_shards_of_rgbd_recording_keep_depth_and_poses(tmp_path):
    write_shards([TABLETOP], tmp_path / "shards", ShardOptions(chunk_mb=1))
    assert len(list(tmp_path.glob("shards/*/*.bin"))) > 1
    (actual,), (expected,) = (
        open_recordings([path]).sources for path in (tmp_path / "shards", TABLETOP)
    )
    assert actual[17].depth is not None
    assert_equal_frames(actual, expected, stride=7)


def test_shards_give_the_pairs_of_the_recordings(shards, recordings):
    def drawn(paths):
        drawn_names = []

        def transform(pair):
            drawn_names.append((pair.sequence, pair.first.name, pair.second.name))
            return {}

        transform.needs_depth = transform.needs_masks = False
        options = METHODS["simclr"].Options(workers=0)
        pairs = PairDataset(open_recordings(paths), transform, options, 5, 20)
        for index in range(20):
            pairs[index]
        return drawn_names

    assert drawn([shards]) == drawn(recordings)


def test_shards_of_unrelated_images_are_not_paired(tmp_path):
    noise = np.random.default_rng(0)
    for index in range(6):
        image = noise.integers(0, 256, (48, 64, 3), np.uint8)
        write_image(tmp_path / "stills" / f"{index}.png", image)
    write_shards([tmp_path / "stills"], tmp_path / "shards", ShardOptions())
    assert open_recordings([tmp_path / "shards"]).has_pairs == (False,)


def test_shards_of_davis_hold_all_sequences(tmp_path):
    davis = write_davis(tmp_path / "davis")
    write_shards([davis], tmp_path / "shards", ShardOptions())
    sources = open_recordings([tmp_path / "shards"]).sources
    for actual, expected in zip(sources, open_recordings([davis]).sources, strict=True):
        assert_equal_frames(actual, expected)


def test_unreadable_frame_keeps_its_place_and_error(tmp_path):
    images = write_images(tmp_path / "images", 4, suffix=".jpg")
    truncate_file(images / "002.jpg")
    write_shards([images], tmp_path / "shards", ShardOptions())
    (source,) = open_recordings([tmp_path / "shards"]).sources
    with pytest.raises(FrameError, match=r"002\.jpg: image is truncated"):
        source[2]
    assert source.frame_name(2) == "002"
    assert source[3].name == "003"
    with pytest.raises(IndexError):
        source[4]


def test_shards_without_poses_refuse_odometry(shards):
    with pytest.raises(ConfigError, match=r"masked: has no poses.*shards --odometry"):
        open_recordings([shards], odometry=True)
