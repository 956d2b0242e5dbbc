"""Data set of frame pairs; each pair depends only on the seed and its index."""

from __future__ import annotations

import signal
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
from scenerep_training.data.continuity import is_still
from scenerep_training.data.recordings import Recordings
from scenerep_training.data.unreadable import UnreadableFrameCounter
from scenerep_training.data.views.base import (
    GROUP,
    FramePair,
    MissingMaskError,
    Views,
    ViewTransform,
)

MAX_DRAWS = 50
"""Number of unreadable pairs in succession after which reading fails."""
MAX_MASK_DRAWS = 1000
"""The same for methods that need masks, which a recording may have of a few frames only."""
MAX_STILL_DRAWS = 10
"""Number of draws after which a pair at rest is taken: the whole recording may be at rest."""


class PairDataset(Dataset[Views]):
    """Views of frame pairs, drawn at random from all recordings.

    Item n is drawn by a generator seeded with (seed, n), so it does not depend on workers, ranks or
    earlier items, and a resumed run sees the same pairs. A pair with an unreadable frame, without the
    mask that the transform needs, or of two frames that show the same view at rest, is replaced by
    another draw of the same generator.

    The views of a pair have a further entry, "group": the index of its recording. Pairs of one
    recording may show the same objects, so methods that need negatives take them from other groups.
    Of a single recording each pair is a group of its own, or else there would be no negatives.

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
        self._has_pairs = recordings.has_pairs
        self._probabilities = torch.tensor(recordings.probabilities)
        self._transform = transform
        self._max_draws = MAX_MASK_DRAWS if transform.needs_masks else MAX_DRAWS
        self._gaps_s = (options.min_gap_s, options.max_gap_s)
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
        for draw in range(self._max_draws):
            with _seeded(self._seed, index, draw):
                number, first, second = self._draw_pair()
                source = self._sources[number]
                try:
                    pair = self._read_pair(source, first, second)
                    if draw < MAX_STILL_DRAWS and first != second and _is_at_rest(pair):
                        continue
                    group = number if len(self._sources) > 1 else index
                    return self._transform(pair) | {GROUP: torch.tensor(group)}
                except FrameError as error:
                    last_error = error
                    if not isinstance(error, MissingMaskError):
                        self.unreadable_frames.record_failure(source.name, error)
        raise SourceError(
            f"none of {self._max_draws} pairs drawn in succession can be used; the last: "
            f"{source.name}: {last_error}"
        )

    def _draw_pair(self) -> tuple[int, int, int]:
        """Draw the index of a source, and the indices of two of its frames."""
        number = int(torch.multinomial(self._probabilities, 1))
        first = int(torch.randint(len(self._sources[number]), ()))
        others = self._partners(number, first)
        return number, first, others[int(torch.randint(len(others), ()))]

    def _partners(self, number: int, first: int) -> list[int]:
        """Return the frames that may be paired with a frame; the frame itself if there is none.

        A recording that is too short for the smallest gap has pairs of its most distant frames. Of a
        map, all frames that show a common object are partners.
        """
        source = self._sources[number]
        if (partners := source.partners(first)) is not None:
            return partners
        if not self._gaps_s[1] or not self._has_pairs[number]:
            return [first]
        low, high = (max(1, round(gap_s * source.rate)) for gap_s in self._gaps_s)
        near = range(max(0, first - high), min(len(source), first + high + 1))
        distances = {index: abs(index - first) for index in near if index != first}
        low = min(low, max(distances.values(), default=0))
        return [index for index, distance in distances.items() if distance >= low] or [first]

    def _read_pair(self, source: Source, first: int, second: int) -> FramePair:
        indices = sorted({first, second})
        if (views := source.object_views(first, second)) is not None:
            self.unreadable_frames.count_requests(len(indices))
            (first_frame, first_mask), (second_frame, second_mask) = views
            return FramePair(first_frame, second_frame, (first_mask, second_mask), source.name)
        masks = {index: self._read_mask(source, index) for index in indices}
        if self._transform.needs_masks and masks[first] is None:
            raise MissingMaskError(source.frame_name(first))
        self.unreadable_frames.count_requests(len(indices))
        frames = {index: self._read_frame(source, index) for index in indices}
        return FramePair(frames[first], frames[second], (masks[first], masks[second]), source.name)

    def _read_frame(self, source: Source, index: int) -> RGBDFrame:
        return source[index] if self._transform.needs_depth else source.color_frame(index)

    def _read_mask(self, source: Source, index: int) -> NDArray[np.bool_] | None:
        """Return the foreground (H, W) of a frame, or None."""
        labels = source.ground_truth(index) if self._transform.needs_masks else None
        return None if labels is None else (labels != BACKGROUND) & (labels != UNLABELLED)


def _is_at_rest(pair: FramePair) -> bool:
    return is_still(pair.first.color, pair.second.color)


def set_up_worker(worker_id: int) -> None:  # noqa: ARG001 (an argument of DataLoader)
    """Restrict OpenCV to one thread, as torch does, and leave signals to the training process.

    A terminal and `timeout` signal the whole process group, systemd all processes of a service. A worker
    that ended would make the step fail that the training process completes before it saves its state.
    A second SIGTERM ends the worker: that of the training process, if the worker does not end by itself.

    This is a `worker_init_fn` of DataLoader.
    """
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: signal.signal(signal.SIGTERM, signal.SIG_DFL))


@contextmanager
def _seeded(*numbers: int) -> Iterator[None]:
    """Seed torch's CPU generator by several numbers, and restore its state at the end."""
    seed = int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
