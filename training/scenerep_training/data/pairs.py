"""Data set of frame pairs; each pair depends only on the seed and its index."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import BACKGROUND, UNLABELLED, RGBDFrame
from scenerep_ros.sources.base import Source
from scenerep_training.config.options import DataOptions
from scenerep_training.data.recordings import Recordings
from scenerep_training.data.unreadable import UnreadableFrameCounter
from scenerep_training.data.views.base import FramePair, Views, ViewTransform

MAX_DRAWS = 50
"""Number of unreadable pairs in succession after which reading fails."""


class PairDataset(Dataset[Views]):
    """Views of frame pairs, drawn at random from all recordings.

    Item n is drawn by a generator seeded with (seed, n), so it does not depend on workers, ranks or
    earlier items, and a resumed run sees the same pairs. A pair with an unreadable frame is replaced
    by another draw of the same generator.

    Args:
        recordings: recordings that pairs are drawn from.
        transform: augmentation of a pair.
        options: distance between the frames, and limit of unreadable frames.
        seed: seed of the run.
        length: number of items.
    """

    def __init__(
        self,
        recordings: Recordings,
        transform: ViewTransform,
        options: DataOptions,
        seed: int,
        length: int,
    ) -> None:
        self._sources = recordings.sources
        self._probabilities = torch.tensor(recordings.probabilities)
        self._transform = transform
        self._max_gap = options.max_gap
        self._seed = seed
        self._length = length
        self.unreadable_frames = UnreadableFrameCounter(options.max_unreadable, options.workers)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Views:
        """Return the views of one pair.

        Raises:
            IndexError: if there is no such item.
            SourceError: if too many frames are unreadable.
        """
        if not 0 <= index < self._length:
            raise IndexError(index)
        for draw in range(MAX_DRAWS):
            with _seeded(self._seed, index, draw):
                source, first, second = self._draw_pair()
                try:
                    return self._transform(self._read_pair(source, first, second))
                except FrameError as error:
                    last_error = error
                    self.unreadable_frames.record_failure(source.name, error)
        raise SourceError(
            f"none of {MAX_DRAWS} pairs drawn in succession can be read; the last: "
            f"{source.name}: {last_error}"
        )

    def _draw_pair(self) -> tuple[Source, int, int]:
        """Draw a source and the indices of two of its frames."""
        source = self._sources[int(torch.multinomial(self._probabilities, 1))]
        first = int(torch.randint(len(source), ()))
        near = range(max(0, first - self._max_gap), min(len(source), first + self._max_gap + 1))
        others = [index for index in near if index != first] or [first]
        return source, first, others[int(torch.randint(len(others), ()))]

    def _read_pair(self, source: Source, first: int, second: int) -> FramePair:
        indices = sorted({first, second})
        self.unreadable_frames.count_requests(len(indices))
        frames = {index: self._read_frame(source, index) for index in indices}
        masks = {index: self._read_mask(source, index) for index in indices}
        return FramePair(frames[first], frames[second], (masks[first], masks[second]), source.name)

    def _read_frame(self, source: Source, index: int) -> RGBDFrame:
        return source[index] if self._transform.needs_depth else source.color_frame(index)

    def _read_mask(self, source: Source, index: int) -> NDArray[np.bool_] | None:
        """Return the foreground (H, W) of a frame, or None."""
        labels = source.ground_truth(index) if self._transform.needs_masks else None
        return None if labels is None else (labels != BACKGROUND) & (labels != UNLABELLED)


def set_up_worker(worker_id: int) -> None:  # noqa: ARG001 (an argument of DataLoader)
    """Restrict OpenCV to one thread, as torch does, and leave signals to the training process.

    A terminal and `timeout` signal the whole process group. A worker that ended would make the step
    fail that the training process completes before it saves its state, so workers leave the group.
    (systemd signals all processes of a service unless it has `KillMode=mixed`.)

    This is a `worker_init_fn` of DataLoader.
    """
    cv2.setNumThreads(0)
    os.setpgid(0, 0)


@contextmanager
def _seeded(*numbers: int) -> Iterator[None]:
    """Seed torch's CPU generator by several numbers, and restore its state at the end."""
    seed = int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
