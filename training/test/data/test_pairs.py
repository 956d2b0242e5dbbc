from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from clips import Told, write_images
from layouts import damage, write_davis
from scenerep_training.config.options import DataOptions
from scenerep_training.data.pairs import PairDataset, limit_worker_threads
from scenerep_training.data.recordings import open_recordings
from torch.utils.data import DataLoader

from scenerep_ros.errors import SourceError


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / "images", 10)


def pairs(path, length=200, seed=0, views=None, **options):
    return PairDataset(
        open_recordings([path]), views or Told(), DataOptions(**options), seed, length
    )


def drawn(dataset):
    return [tuple(dataset[index]["frames"].tolist()) for index in range(len(dataset))]


@pytest.mark.parametrize("gap", [1, 3, 20])
def test_frames_of_a_pair_are_near_but_not_the_same(images, gap):
    found = Counter(drawn(pairs(images, max_gap=gap)))
    distances = {second - first for first, second in found}
    reach = min(gap, 9)
    assert distances <= set(range(-reach, reach + 1)) - {0}
    assert min(distances) < 0 < max(distances)
    assert {first for first, _ in found} == set(range(10))


def test_gap_0_is_one_frame_twice(images):
    assert all(first == second for first, second in drawn(pairs(images, max_gap=0)))


def test_a_recording_of_one_frame_is_paired_with_itself(tmp_path):
    assert set(drawn(pairs(write_images(tmp_path / "one", 1), length=3))) == {(0, 0)}


def test_an_item_depends_on_seed_and_number_alone(images):
    dataset = pairs(images, length=30)
    forward = [dataset[index] for index in range(30)]
    torch.manual_seed(5)
    again = pairs(images, length=30)
    backward = [again[index] for index in reversed(range(30))][::-1]
    assert all(
        torch.equal(a["frames"], b["frames"]) for a, b in zip(forward, backward, strict=True)
    )
    assert [a["random"] for a in forward] == [b["random"] for b in backward]
    assert len({float(a["random"]) for a in forward}) == 30
    assert drawn(pairs(images, length=30, seed=1)) != [tuple(a["frames"].tolist()) for a in forward]


def test_the_callers_generator_is_left_alone(images):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    pairs(images)[0]
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("context", "workers"), [("fork", 2), ("spawn", 1)])
def test_workers_change_nothing_and_count_together(images, context, workers):
    damage(images / "004.jpg")
    alone = pairs(images, length=24, max_unreadable=1.0)
    expected = torch.tensor(drawn(alone))
    shared = pairs(images, length=24, max_unreadable=1.0, workers=workers)
    loader = DataLoader(
        shared,
        batch_size=4,
        num_workers=workers,
        multiprocessing_context=context,
        worker_init_fn=limit_worker_threads,
    )
    assert torch.equal(torch.cat([batch["frames"] for batch in loader]), expected)
    assert shared.unreadable.unreadable == alone.unreadable.unreadable > 0
    assert shared.unreadable.asked == alone.unreadable.asked


def test_unreadable_frames_are_named_and_replaced(images, caplog):
    damage(images / "004.jpg")
    dataset = pairs(images, max_unreadable=0.5)
    assert not any(4 in frames for frames in drawn(dataset))
    assert caplog.text.count(f"{images}/004.jpg: image is truncated") == 1
    share = dataset.unreadable.unreadable / dataset.unreadable.asked
    assert 0.03 < share < 0.2


def test_too_many_unreadable_frames_stop_it(images):
    damage(images / "004.jpg")
    with pytest.raises(SourceError, match=r"of 1\d\d frames .* max_unreadable = 1.0%.*004\.jpg"):
        drawn(pairs(images, max_unreadable=0.01))


def test_one_bad_frame_among_the_first_does_not_stop_it(images):
    damage(images / "004.jpg")
    assert len(drawn(pairs(images, length=20, max_unreadable=0.01))) == 20


def test_nothing_readable_ends(images):
    for path in Path(images).iterdir():
        damage(path)
    with pytest.raises(SourceError, match="none of 50 pairs"):
        pairs(images, max_unreadable=1.0)[0]


def test_weights_decide_how_often(tmp_path):
    paths = [write_images(tmp_path / "a", 1), write_davis(tmp_path / "davis")]
    recordings = open_recordings(paths, [1, 3])
    dataset = PairDataset(recordings, Told(reads_masks=True), DataOptions(), 0, 400)
    masked = sum(bool(dataset[index]["known"][1]) for index in range(400))
    assert 260 < masked < 340


@pytest.mark.parametrize("reads", [True, False])
def test_depth_and_masks_are_read_when_asked_for(tabletop, reads):
    views = pairs(tabletop, views=Told(reads_depth=reads, reads_masks=reads))[0]
    assert views["known"].tolist() == [reads, reads]


def test_past_the_end(images):
    with pytest.raises(IndexError):
        pairs(images, length=3)[3]
