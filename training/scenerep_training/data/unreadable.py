"""Counter of unreadable frames over all workers."""

from __future__ import annotations

import logging

import torch
from torch.utils.data import get_worker_info

from scenerep_ros.errors import FrameError, SourceError

log = logging.getLogger(__name__)

MIN_REQUESTED_FRAMES = 100
"""Number of requested frames below which the ratio of unreadable ones is not tested."""


class UnreadableFrameCounter:
    """Counter in shared memory; each worker has its own row, so no lock is needed.

    Args:
        max_ratio: ratio of unreadable frames, 0 to 1, above which `record_failure` raises.
        workers: number of worker processes; 0 if the training process reads.
    """

    def __init__(self, max_ratio: float, workers: int) -> None:
        self._max_ratio = max_ratio
        self._counts = torch.zeros(max(1, workers), 2, dtype=torch.int64).share_memory_()
        self._logged: set[str] = set()

    @property
    def requested(self) -> int:
        """Number of requested frames, over all workers."""
        return int(self._counts[:, 0].sum())

    @property
    def unreadable(self) -> int:
        """Number of unreadable frames, over all workers."""
        return int(self._counts[:, 1].sum())

    def count_requests(self, frames: int) -> None:
        """Count frames that are about to be read."""
        self._counts[_worker_row(), 0] += frames

    def record_failure(self, sequence: str, error: FrameError) -> None:
        """Count an unreadable frame, and log it once.

        Raises:
            SourceError: if the ratio of unreadable frames exceeds its limit.
        """
        message = f"{sequence}: {error}"
        if message not in self._logged:
            self._logged.add(message)
            log.warning("left out: %s", message)
        self._counts[_worker_row(), 1] += 1
        limit = self._max_ratio * self.requested
        if self.requested >= MIN_REQUESTED_FRAMES and self.unreadable > limit:
            raise SourceError(
                f"{self.unreadable} of {self.requested} requested frames cannot be read, more than "
                f"max_unreadable = {self._max_ratio:.1%}; the last: {message}"
            )


def _worker_row() -> int:
    worker = get_worker_info()
    return 0 if worker is None else worker.id
