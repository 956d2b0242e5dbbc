"""Connected pieces of label images, on any device."""

from __future__ import annotations

from functools import reduce

import torch
from torch.nn.functional import pad

ROUNDS = 4
"""Of the search for roots between two looks at whether it has ended, at which the host waits."""


def connected_pieces(things: torch.Tensor, least: float) -> torch.Tensor:
    """Number the connected pieces (4 neighbours) of all things.

    Runs of one thing in a row are joined with those that they touch in the next row: there are a
    hundred times fewer runs than pixels.

    Args:
        things: (H, W) int64, 0 = no thing.
        least: pixels of the smallest piece to keep.

    Returns:
        (H, W) int64: 1..K in reading order of the pieces' first pixels, 0 elsewhere.
    """
    starts = torch.ones_like(things, dtype=torch.bool)
    starts[:, 1:] = things[:, 1:] != things[:, :-1]
    run = starts.flatten().cumsum(0) - 1
    first = starts.flatten().nonzero()[:, 0]
    thing = things.flatten()[first]
    length = first.diff(append=first.new_full((1,), things.numel()))
    upper, lower = _contacts(things, starts)
    root = _roots(len(first), run[upper], run[lower])
    area = torch.zeros_like(length).scatter_add_(0, root, length)
    kept = (root == torch.arange(len(root), device=root.device)) & (thing > 0) & (area >= least)
    number = kept.cumsum(0) * kept
    return number[root].index_select(0, run).view(things.shape)


def _contacts(things: torch.Tensor, starts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Flat indices (E,) of the first pixels at which a run meets one of its thing below it."""
    meet = (things[1:] == things[:-1]) & (things[1:] > 0) & (starts[1:] | starts[:-1])
    upper = meet.flatten().nonzero()[:, 0]
    return upper, upper + things.shape[1]


def _roots(count: int, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Find the least node (count,) of each node's component in a graph of edges (E,).

    Every root hooks itself to a lesser neighbour, then paths are halved (Shiloach and Vishkin, "An
    O(log n) parallel connectivity algorithm", 1982).
    """
    parent = torch.arange(count, device=one.device)
    while True:
        before = parent
        for _ in range(ROUNDS):
            ends = parent[one], parent[other]
            least = torch.minimum(*ends)
            for end in ends:
                parent = parent.scatter_reduce(0, end, least, "amin")
            parent = parent[parent]
        if torch.equal(parent, before):
            return parent


def spread(labels: torch.Tensor, within: torch.Tensor, reach: int) -> torch.Tensor:
    """Extend pieces pixel by pixel.

    Args:
        labels: (H, W) int64, 0 = to be filled.
        within: (H, W) bool, where pieces may grow.
        reach: number of rounds, which is the furthest a piece grows.
    """
    padded = pad(labels, (1, 1, 1, 1))
    flat, width = padded.view(-1), padded.shape[1]
    pixels = pad(within & (labels == 0), (1, 1, 1, 1)).view(-1).nonzero()[:, 0]
    beside = [pixels + shift for shift in (0, -1, 1, -width, width)]
    for _ in range(reach):
        flat[pixels] = reduce(_unless_labelled, (flat[place] for place in beside))
    return padded[1:-1, 1:-1]


def _unless_labelled(labels: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    return torch.where(labels > 0, labels, others)
