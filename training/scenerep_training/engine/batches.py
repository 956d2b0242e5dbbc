"""Which pairs make up which batch: a function of the step alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch.utils.data import Sampler

from scenerep_training.config.options import TrainingOptions


class StepBatches(Sampler[list[int]]):
    """Numbers of the pairs of each batch of one process.

    Step s takes the pairs s B to (s + 1) B - 1, whatever the number of processes and of batches
    that make a step. So a resumed run goes on where it was, and a distributed run sees what a
    single process would.

    Args:
        options: of the run.
        place: asked when iteration starts: the steps that a resumed run has done, and the rank of
            this process.
    """

    def __init__(self, options: TrainingOptions, place: Callable[[], tuple[int, int]]) -> None:
        self._options = options
        self._place = place

    def __iter__(self) -> Iterator[list[int]]:
        options, (first_step, rank) = self._options, self._place()
        size = options.batch_size // (options.accumulate * options.world_size)
        for step in range(first_step, options.max_steps):
            for part in range(options.accumulate):
                start = step * options.batch_size
                start += (part * options.world_size + rank) * size
                yield list(range(start, start + size))
