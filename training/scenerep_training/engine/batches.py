"""Batch sampler whose batches depend only on the step."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch.utils.data import Sampler

from scenerep_training.config.options import TrainingOptions


class StepBatchSampler(Sampler[list[int]]):
    """Sampler of the pair indices of each batch of one process.

    Step s covers the pairs s B to (s + 1) B - 1, for any number of processes and of accumulated
    batches. A resumed run therefore continues with the next pairs, and a distributed run processes
    the same pairs as a run of one process.

    Args:
        options: options of the run.
        get_position: function that returns the number of completed steps and the rank of this
            process; it is called when iteration starts.
    """

    def __init__(
        self, options: TrainingOptions, get_position: Callable[[], tuple[int, int]]
    ) -> None:
        self._options = options
        self._get_position = get_position

    def __iter__(self) -> Iterator[list[int]]:
        options, (first_step, rank) = self._options, self._get_position()
        size = options.batch_size // (options.accumulate * options.world_size)
        for step in range(first_step, options.max_steps):
            for batch in range(options.accumulate):
                start = step * options.batch_size
                start += (batch * options.world_size + rank) * size
                yield list(range(start, start + size))
