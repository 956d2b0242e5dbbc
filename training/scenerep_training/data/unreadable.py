"""How many of the frames that a run asked for could not be read, over all its workers."""

from __future__ import annotations

import logging

import torch
from torch.utils.data import get_worker_info

from scenerep_ros.errors import FrameError, SourceError

log = logging.getLogger(__name__)

FEWEST_ASKED = 100
"""Frames that must have been asked for before a share says anything."""


class UnreadableFrames:
    """Counts in memory that the workers share, each in a row of its own, so that no lock is needed.

    Args:
        max_share: of unreadable frames, 0 to 1, above which `add` raises.
        workers: processes that read; 0: the training's own.
    """

    def __init__(self, max_share: float, workers: int) -> None:
        self._max_share = max_share
        self._counts = torch.zeros(max(1, workers), 2, dtype=torch.int64).share_memory_()
        self._named: set[str] = set()

    @property
    def asked(self) -> int:
        """Frames that were asked for, by all workers."""
        return int(self._counts[:, 0].sum())

    @property
    def unreadable(self) -> int:
        """Frames of these that could not be read."""
        return int(self._counts[:, 1].sum())

    def ask(self, frames: int) -> None:
        """Count frames that are about to be read."""
        self._counts[_row(), 0] += frames

    def add(self, sequence: str, error: FrameError) -> None:
        """Count a frame that could not be read, and name it once.

        Raises:
            SourceError: if there are too many by now.
        """
        problem = f"{sequence}: {error}"
        if problem not in self._named:
            self._named.add(problem)
            log.warning("left out: %s", problem)
        self._counts[_row(), 1] += 1
        if self.asked >= FEWEST_ASKED and self.unreadable > self._max_share * self.asked:
            raise self.too_many(problem)

    def too_many(self, problem: str) -> SourceError:
        """Say how many there are, and which was the last."""
        return SourceError(
            f"{self.unreadable} of {self.asked} frames asked for cannot be read, more than "
            f"max_unreadable = {self._max_share:.1%}; the last: {problem}"
        )


def _row() -> int:
    worker = get_worker_info()
    return 0 if worker is None else worker.id
