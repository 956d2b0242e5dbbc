"""Tests of the data set of frame pairs."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from clips import PairRecorder, numbered_image, write_images
from layouts import truncate_file, write_davis
from scenerep_training.config.options import DataOptions
from scenerep_training.data.pairs import PairDataset, set_up_worker
from scenerep_training.data.recordings import open_recordings
from scenerep_training.data.views.base import GROUP
from torch.utils.data import DataLoader

from scenerep_ros.errors import SourceError
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.sources.timing import DEFAULT_RATE


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / "images", 10)


def make_dataset(path, length=200, seed=0, transform=None, **options):
    transform = transform or PairRecorder()
    return PairDataset(open_recordings([path]), transform, DataOptions(**options), seed, length)


def frame_numbers(dataset):
    return [tuple(dataset[index]["frames"].tolist()) for index in range(len(dataset))]


@pytest.mark.parametrize("gap", [1, 3, 20])
def test_pairs_are_different_frames_within_max_gap(images, gap):
    pairs = Counter(frame_numbers(make_dataset(images, max_gap_s=gap / DEFAULT_RATE)))
    distances = {second - first for first, second in pairs}
    limit = min(gap, 9)
    assert distances <= set(range(-limit, limit + 1)) - {0}
    assert min(distances) < 0 < max(distances)
    assert {first for first, _ in pairs} == set(range(10))


def test_pairs_are_at_least_the_smallest_gap_apart(images):
    dataset = make_dataset(images, min_gap_s=3 / DEFAULT_RATE, max_gap_s=5 / DEFAULT_RATE)
    assert {abs(second - first) for first, second in frame_numbers(dataset)} == {3, 4, 5}


def test_pairs_of_recording_shorter_than_smallest_gap_are_distant(images):
    pairs = frame_numbers(make_dataset(images, min_gap_s=2.0, max_gap_s=3.0))
    assert all(abs(second - first) == max(first, 9 - first) for first, second in pairs)


def test_frames_at_rest_are_not_paired(tmp_path):
    """Frames 0 to 4 show the same view, apart from noise."""
    random = np.random.default_rng(0)
    for number in range(8):
        shown = numbered_image(max(0, number - 4), (240, 320)).astype(float)
        noisy = (shown + random.normal(0, 3, shown.shape)).clip(0, 255).astype(np.uint8)
        write_image(tmp_path / "rest" / f"{number}.png", noisy)
    pairs = frame_numbers(make_dataset(tmp_path / "rest", max_gap_s=1.0))
    assert all(first != second for first, second in pairs)


def test_recording_at_rest_still_has_pairs(tmp_path):
    for number in range(3):
        write_image(tmp_path / "rest" / f"{number}.png", numbered_image(2))
    assert frame_numbers(make_dataset(tmp_path / "rest", length=2)) == [(2, 2)] * 2


def test_unrelated_images_are_paired_with_themselves(tmp_path, caplog):
    random = np.random.default_rng(0)
    for number in range(8):
        blocks = random.integers(0, 256, (6, 8), np.uint8).repeat(8, 0).repeat(8, 1)
        image = np.stack([np.full_like(blocks, 20 * number), blocks, blocks], axis=-1)
        write_image(tmp_path / "stills" / f"{number}.png", image)
    pairs = frame_numbers(make_dataset(tmp_path / "stills", length=30))
    assert all(first == second for first, second in pairs)
    assert "stills: its neighbors show different scenes" in caplog.text


def test_group_is_the_recording_or_the_only_recordings_pair(images, tmp_path):
    alone = make_dataset(images, length=4)
    assert [int(alone[index]["group"]) for index in range(4)] == [0, 1, 2, 3]
    paths = [images, write_images(tmp_path / "other", 3)]
    dataset = PairDataset(open_recordings(paths), PairRecorder(), DataOptions(), 0, 40)
    assert {int(dataset[index]["group"]) for index in range(40)} == {0, 1}


def test_pairs_with_gap_zero_are_one_frame_twice(images):
    pairs = frame_numbers(make_dataset(images, max_gap_s=0))
    assert all(first == second for first, second in pairs)


def test_pairs_of_single_frame_recording_are_that_frame(tmp_path):
    dataset = make_dataset(write_images(tmp_path / "one", 1), length=3)
    assert set(frame_numbers(dataset)) == {(0, 0)}


def test_item_depends_only_on_seed_and_index(images):
    dataset = make_dataset(images, length=30)
    forward = [dataset[index] for index in range(30)]
    torch.manual_seed(5)
    other = make_dataset(images, length=30)
    backward = [other[index] for index in reversed(range(30))][::-1]
    for first, second in zip(forward, backward, strict=True):
        assert torch.equal(first["frames"], second["frames"])
        assert first["random"] == second["random"]
    assert len({float(item["random"]) for item in forward}) == 30


def test_items_of_another_seed_differ(images):
    pairs = [frame_numbers(make_dataset(images, length=30, seed=seed)) for seed in (0, 1)]
    assert pairs[0] != pairs[1]


def test_dataset_leaves_global_generator_unchanged(images):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    make_dataset(images)[0]
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.slow
@pytest.mark.parametrize(("context", "workers"), [("fork", 2), ("spawn", 1)])
def test_workers_yield_same_items_and_share_counter(images, context, workers):
    truncate_file(images / "004.jpg")
    single = make_dataset(images, length=24, max_unreadable=1.0)
    expected = torch.tensor(frame_numbers(single))
    shared = make_dataset(images, length=24, max_unreadable=1.0, workers=workers)
    loader = DataLoader(
        shared,
        batch_size=4,
        num_workers=workers,
        multiprocessing_context=context,
        worker_init_fn=set_up_worker,
    )
    assert torch.equal(torch.cat([batch["frames"] for batch in loader]), expected)
    counter = single.unreadable_frames
    assert shared.unreadable_frames.unreadable == counter.unreadable > 0
    assert shared.unreadable_frames.requested == counter.requested


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_worker_leaves_signals_to_the_training_process(images, number):
    dataset = make_dataset(images, length=40, workers=1)
    loader = DataLoader(dataset, batch_size=4, num_workers=1, worker_init_fn=set_up_worker)
    others = multiprocessing.active_children()
    batches = iter(loader)
    next(batches)
    (worker,) = (child for child in multiprocessing.active_children() if child not in others)
    os.kill(worker.pid, number)
    assert len(list(batches)) == 9


def test_unreadable_frames_are_logged_once_and_replaced(images, caplog):
    truncate_file(images / "004.jpg")
    dataset = make_dataset(images, max_unreadable=0.5)
    assert not any(4 in frames for frames in frame_numbers(dataset))
    assert caplog.text.count(f"{images}/004.jpg: image is truncated") == 1
    ratio = dataset.unreadable_frames.unreadable / dataset.unreadable_frames.requested
    assert 0.03 < ratio < 0.2


def test_too_many_unreadable_frames_raise(images):
    truncate_file(images / "004.jpg")
    message = r"of 1\d\d requested frames .* max_unreadable = 1.0%.*004\.jpg"
    with pytest.raises(SourceError, match=message):
        frame_numbers(make_dataset(images, max_unreadable=0.01))


def test_few_requests_with_unreadable_frame_do_not_raise(images):
    truncate_file(images / "004.jpg")
    assert len(frame_numbers(make_dataset(images, length=20, max_unreadable=0.01))) == 20


def test_only_unreadable_frames_raise(images):
    for path in Path(images).iterdir():
        truncate_file(path)
    with pytest.raises(SourceError, match="none of 50 pairs"):
        make_dataset(images, max_unreadable=1.0)[0]


def test_sampling_follows_weights_of_paths(tmp_path):
    paths = [write_images(tmp_path / "a", 1), write_davis(tmp_path / "davis")]
    recordings = open_recordings(paths, [1, 3])
    dataset = PairDataset(recordings, PairRecorder(), DataOptions(), 0, 400)
    from_davis = sum(bool(dataset[index][GROUP]) for index in range(400))
    assert 260 < from_davis < 340


def test_frames_without_mask_are_passed_over_as_readable(tmp_path):
    recordings = open_recordings(
        [write_images(tmp_path / "a", 20), write_davis(tmp_path / "davis")]
    )
    dataset = PairDataset(recordings, PairRecorder(needs_masks=True), DataOptions(), 0, 60)
    assert all(bool(dataset[index]["has_mask"]) for index in range(60))
    assert dataset.unreadable_frames.unreadable == 0


def test_recording_without_any_mask_is_named(images):
    dataset = make_dataset(images, transform=PairRecorder(needs_masks=True))
    with pytest.raises(
        SourceError, match=r"can be used; the last: .* has no mask of its foreground"
    ):
        dataset[0]


@pytest.mark.parametrize("needed", [True, False])
def test_depth_and_masks_are_read_only_if_needed(tabletop, needed):
    transform = PairRecorder(needs_depth=needed, needs_masks=needed)
    views = make_dataset(tabletop, transform=transform)[0]
    assert bool(views["has_depth"]) is needed
    assert bool(views["has_mask"]) is needed


def test_item_past_the_end_raises(images):
    with pytest.raises(IndexError):
        make_dataset(images, length=3)[3]
