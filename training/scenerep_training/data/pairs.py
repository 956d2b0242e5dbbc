"""The pairs of a run: which frames they are of depends on the seed and their number alone."""

from __future__ import annotations

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
from scenerep_training.data.unreadable import UnreadableFrames
from scenerep_training.data.views.pair import FramePair, MakeViews, Views

MOST_DRAWS = 50
"""Pairs drawn in place of one whose frames cannot be read, before nothing more is tried."""


class PairDataset(Dataset[Views]):
    """Views of pairs of near frames, shuffled over all sequences.

    Item n is drawn with a generator seeded by (seed, n), so neither workers nor ranks nor what came
    before change it: a resumed run sees what the first one would have seen. In place of a pair with
    an unreadable frame another one is drawn, in the same way.

    Args:
        recordings: to draw from.
        make_views: what is made of a pair.
        options: distance of the frames, and how many may be unreadable.
        seed: of the run.
        length: number of items.
    """

    def __init__(
        self,
        recordings: Recordings,
        make_views: MakeViews,
        options: DataOptions,
        seed: int,
        length: int,
    ) -> None:
        self._sources = recordings.sources
        self._shares = torch.tensor(recordings.shares)
        self._make_views = make_views
        self._max_gap = options.max_gap
        self._seed = seed
        self._length = length
        self.unreadable = UnreadableFrames(options.max_unreadable, options.workers)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Views:
        """Make the views of one pair.

        Raises:
            IndexError: past the end.
            SourceError: if too many frames cannot be read.
        """
        if not 0 <= index < self._length:
            raise IndexError(index)
        for draw in range(MOST_DRAWS):
            with _seeded(self._seed, index, draw):
                source, first, second = self._draw()
                try:
                    return self._make_views(self._read(source, first, second))
                except FrameError as error:
                    problem = error
                    self.unreadable.add(source.name, error)
        raise SourceError(
            f"none of {MOST_DRAWS} pairs drawn one after the other can be read; the last: "
            f"{source.name}: {problem}"
        )

    def _draw(self) -> tuple[Source, int, int]:
        """A source, and the two frames of a pair."""
        source = self._sources[int(torch.multinomial(self._shares, 1))]
        first = int(torch.randint(len(source), ()))
        near = range(max(0, first - self._max_gap), min(len(source), first + self._max_gap + 1))
        others = [index for index in near if index != first] or [first]
        return source, first, others[int(torch.randint(len(others), ()))]

    def _read(self, source: Source, first: int, second: int) -> FramePair:
        indices = sorted({first, second})
        self.unreadable.ask(len(indices))
        frames = {index: self._frame(source, index) for index in indices}
        masks = {index: self._mask(source, index) for index in indices}
        return FramePair(frames[first], frames[second], (masks[first], masks[second]), source.name)

    def _frame(self, source: Source, index: int) -> RGBDFrame:
        return source[index] if self._make_views.reads_depth else source.color_frame(index)

    def _mask(self, source: Source, index: int) -> NDArray[np.bool_] | None:
        labels = source.ground_truth(index) if self._make_views.reads_masks else None
        return None if labels is None else (labels != BACKGROUND) & (labels != UNLABELLED)


def one_thread(worker: int) -> None:  # noqa: ARG001 (its index, which DataLoader gives)
    """Let a worker of a DataLoader use one thread, as torch does: `worker_init_fn`."""
    cv2.setNumThreads(0)


@contextmanager
def _seeded(*numbers: int) -> Iterator[None]:
    """Seed torch's generator of the CPU by all the numbers, and give its state back at the end."""
    seed = int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
