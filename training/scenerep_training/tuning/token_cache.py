"""Cached input of the last block for pairs of frames, with their free labels."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from tqdm import tqdm

from scenerep_ros.backbones.base import Backbone
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.sources.base import Source
from scenerep_training.agreement.patches import patch_labels, patch_matches
from scenerep_training.agreement.references import IGNORED
from scenerep_training.agreement.samples import Sample, draw_samples

PAIR_DISTANCES_S = (0.3, 1.0, 3.0)
"""Times between the frames of a pair [s], in turn."""
MIN_PAIRS = 4
"""Pairs below which nothing is tuned: those of one step."""


@dataclass(frozen=True)
class CachedPair:
    """Pair of frames for training.

    Attributes:
        tokens: (2, P + N, C) float16, input of the last block; None for convnets.
        frozen: (2, N, C) float16, unit-length features of the initial network.
        labels: (2, N) int64, reference label of each patch, or IGNORED.
        indices: (M,) patches of the second frame that are visible in the first.
        targets: (M,) their patches in the first frame.
    """

    tokens: torch.Tensor | None
    frozen: torch.Tensor
    labels: torch.Tensor
    indices: torch.Tensor
    targets: torch.Tensor

    @property
    def size(self) -> int:
        """Memory of the pair [bytes]."""
        return sum(part.nbytes for part in vars(self).values() if part is not None)


def cache_pairs(
    backbone: Backbone,
    network: Any,
    sources: Sequence[Source],
    count: int,
    deadline_s: float,
    resolution: int,
) -> list[CachedPair]:
    """Compute features and tokens of evenly drawn pairs.

    Args:
        backbone: backbone to be tuned.
        network: its network, or None to cache no tokens.
        sources: training parts of the recordings.
        count: number of pairs over all recordings.
        deadline_s: time of `time.monotonic` at which caching stops.
        resolution: shorter side of the network input [px].
    """
    pairs: list[CachedPair] = []
    samples = islice(_interleave(sources, count), count)
    for sample in tqdm(samples, "caching", count, unit="pair", delay=1):
        pairs.append(cache_pair(backbone, network, sample, resolution))
        if len(pairs) >= MIN_PAIRS and time.monotonic() > deadline_s:
            break
    return pairs


def _interleave(sources: Sequence[Source], count: int) -> Iterator[Sample]:
    """Yield pairs of all recordings in turn, so that an early stop treats them alike."""
    per_source = -(-count // (len(sources) * len(PAIR_DISTANCES_S)))  # rounded up
    iterators = [
        draw_samples(source, per_source, distance_s=distance)
        for distance in PAIR_DISTANCES_S
        for source in sources
        if len(source) > 1
    ]
    while iterators:
        for iterator in list(iterators):
            sample = next(iterator, None)
            if sample is None:
                iterators.remove(iterator)
            else:
                yield sample


def cache_pair(backbone: Backbone, network: Any, sample: Sample, resolution: int) -> CachedPair:
    """Compute features and tokens of one pair."""
    tokens, frozen, labels = [], [], []
    grid = (0, 0)
    for color, reference in zip(sample.colors, sample.references, strict=True):
        with record_last_input(network) as inputs:
            features = backbone(color, resolution)
        tokens += [part[0].half().cpu() for part in inputs]
        frozen.append(feature_points(features, 0).half().cpu())
        grid = (features.grid.shape[0], features.grid.shape[1])
        patches = torch.full(grid, IGNORED, dtype=torch.int64)
        if reference is not None:
            patches = torch.from_numpy(patch_labels(reference, grid)).long()
        labels.append(patches.flatten())
    indices, positions = patch_matches(sample.warp, grid)
    nearest = torch.from_numpy(positions).round().long()
    rows, columns = nearest[:, 0].clamp(0, grid[0] - 1), nearest[:, 1].clamp(0, grid[1] - 1)
    return CachedPair(
        torch.stack(tokens) if tokens else None,
        torch.stack(frozen),
        torch.stack(labels),
        torch.from_numpy(indices).long(),
        rows * grid[1] + columns,
    )


@contextmanager
def record_last_input(network: Any) -> Iterator[list[torch.Tensor]]:
    """Collect the input (1, P + N, C) of a ViT's last block; nothing if network is None."""
    inputs: list[torch.Tensor] = []
    if network is None:
        yield inputs
        return
    hook = network.blocks[-1].register_forward_pre_hook(
        lambda _, arguments: inputs.append(arguments[0].detach())
    )
    try:
        yield inputs
    finally:
        hook.remove()
