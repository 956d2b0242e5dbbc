"""Connected components and growth of label images, on any device."""

from __future__ import annotations

from functools import reduce

import torch
from torch.nn.functional import pad

ROUNDS_PER_CHECK = 4  # constant: speed only, the result is the same
"""Rounds of the root search between two checks for convergence, for which the host must wait."""


def label_connected_components(labels: torch.Tensor, min_area: float) -> torch.Tensor:
    """Number the connected components (4 neighbours) of all labels.

    Runs of one label in a row are joined with the runs that touch them in the next row. There are
    a hundred times fewer runs than pixels.

    Args:
        labels: (H, W) int64, 0 = background.
        min_area: area of the smallest component to keep [px].

    Returns:
        (H, W) int64: 1..K in reading order of the components' first pixels, 0 elsewhere.
    """
    # Split the rows into runs of equal labels.
    starts = torch.ones_like(labels, dtype=torch.bool)
    starts[:, 1:] = labels[:, 1:] != labels[:, :-1]
    run_of_pixel = starts.flatten().cumsum(0) - 1
    first_pixel = starts.flatten().nonzero()[:, 0]
    run_label = labels.flatten()[first_pixel]
    run_length = first_pixel.diff(append=first_pixel.new_full((1,), labels.numel()))
    # Join touching runs of one label; the root of a component is its first run.
    upper, lower = _contacts(labels, starts)
    root = _find_roots(len(first_pixel), run_of_pixel[upper], run_of_pixel[lower])
    area = torch.zeros_like(run_length).scatter_add_(0, root, run_length)
    # Number the roots of the components that are large enough.
    is_root = root == torch.arange(len(root), device=root.device)
    kept = is_root & (run_label > 0) & (area >= min_area)
    number = kept.cumsum(0) * kept
    return number[root].index_select(0, run_of_pixel).view(labels.shape)


def _contacts(labels: torch.Tensor, starts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Find the first pixel of each contact between runs of one label in adjacent rows.

    Args:
        labels: (H, W) int64, 0 = background.
        starts: (H, W) bool, true at the first pixel of each run.

    Returns:
        Flat indices (E,) of the pixels in the upper and in the lower row.
    """
    touches = (labels[1:] == labels[:-1]) & (labels[1:] > 0) & (starts[1:] | starts[:-1])
    upper = touches.flatten().nonzero()[:, 0]
    return upper, upper + labels.shape[1]


def _find_roots(node_count: int, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Find the smallest node (n,) of each node's component in a graph.

    In each round, every root is hooked to a smaller neighbour, then paths are halved (Shiloach and
    Vishkin, "An O(log n) parallel connectivity algorithm", 1982).

    Args:
        node_count: number of nodes n.
        first: (E,) int64, one node of each edge.
        second: (E,) int64, the other node of each edge.
    """
    parent = torch.arange(node_count, device=first.device)
    while True:
        before = parent
        for _ in range(ROUNDS_PER_CHECK):
            parents = parent[first], parent[second]
            smaller = torch.minimum(*parents)
            for node in parents:
                parent = parent.scatter_reduce(0, node, smaller, "amin")
            parent = parent[parent]
        if torch.equal(parent, before):
            return parent


def expand_labels(labels: torch.Tensor, mask: torch.Tensor, max_distance_px: int) -> torch.Tensor:
    """Expand labels pixel by pixel into unlabelled pixels.

    Args:
        labels: (H, W) int64, 0 = unlabelled.
        mask: (H, W) bool, pixels that may be labelled.
        max_distance_px: number of rounds, which is the largest distance of expansion [px].

    Returns:
        (H, W) int64.
    """
    padded = pad(labels, (1, 1, 1, 1))
    flat, width = padded.view(-1), padded.shape[1]
    pixels = pad(mask & (labels == 0), (1, 1, 1, 1)).view(-1).nonzero()[:, 0]
    # Take the first label among the pixel, its left, right, upper and lower neighbour.
    neighbors = [pixels + offset for offset in (0, -1, 1, -width, width)]
    for _ in range(max_distance_px):
        flat[pixels] = reduce(_first_label, (flat[neighbor] for neighbor in neighbors))
    return padded[1:-1, 1:-1]


def _first_label(labels: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    return torch.where(labels > 0, labels, others)
