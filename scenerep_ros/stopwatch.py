"""Wall time of the pipeline's stages."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Stopwatch:
    """Measures named stages of one frame, in milliseconds.

    CUDA work is asynchronous; on a CUDA device each stage therefore ends with a synchronisation,
    so that its time is its own and not that of whoever copies first.

    >>> watch = Stopwatch()
    >>> with watch("cluster"):
    ...     pass
    >>> list(watch.timings)
    ['cluster']
    """

    def __init__(self, device: torch.device | None = None) -> None:
        self.timings: dict[str, float] = {}
        self._device = device

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time the body as one stage; a stage met twice adds up."""
        start = time.perf_counter()
        yield
        if self._device is not None and self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        elapsed = (time.perf_counter() - start) * 1e3
        self.timings[stage] = self.timings.get(stage, 0.0) + elapsed
