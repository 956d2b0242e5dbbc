"""Labels of the most similar cells: the first frame's wherever they were, the last ones' nearby.

The propagation of `propagation` with two changes. The first frame, whose labels are true, is
searched around the objects wherever those have moved to since; of the frames just before, only two,
within a window: the more of them, the longer a label that leaked keeps confirming itself.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import torch

TOPK = 5
TEMPERATURE = 0.1
CONTEXT = 2
"""Frames before, beside the first one."""
RADIUS = 12
"""Cells both ways within which they are searched."""
MARGIN = 8
"""Cells around the objects of the first frame that serve as background."""


@dataclass(frozen=True)
class Cells:
    """Cells of one frame.

    Attributes:
        features: (n, C) of unit length.
        labels: (n, K) float32.
        places: (n, 2) float32, row and column; NaN for cells that are near to any.
    """

    features: torch.Tensor
    labels: torch.Tensor
    places: torch.Tensor


class FeatureMatching:
    """Remembers cells of the first frame and of the last few, and labels others by them.

    Args:
        grid: (h, w, C) features of the first frame, of unit length.
        labels: (h, w, K) float32, the background first.
    """

    def __init__(self, grid: torch.Tensor, labels: torch.Tensor) -> None:
        around = _around(labels[..., 0] < 1, MARGIN)
        cells = _select(grid, labels, around)
        self._first = Cells(cells.features, cells.labels, torch.full_like(cells.places, torch.nan))
        self._recent: deque[Cells] = deque(maxlen=CONTEXT)

    def remember(self, grid: torch.Tensor, labels: torch.Tensor, where: torch.Tensor) -> None:
        """Keep the cells of a labelled frame that may be asked for: where, (h, w) bool."""
        self._recent.append(_select(grid, labels, _around(where, RADIUS)))

    def __call__(self, grid: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
        """Label some cells of a frame.

        Args:
            grid: (h, w, C) features of unit length.
            where: (h, w) bool, the n cells to label.

        Returns:
            (n, K) float32, rows summing to 1.
        """
        memory = (self._first, *self._recent)
        features = torch.cat([cells.features for cells in memory])
        labels = torch.cat([cells.labels for cells in memory])
        places = torch.cat([cells.places for cells in memory])
        similarity = grid[where] @ features.T
        similarity.masked_fill_(_far(where.nonzero().float(), places), -torch.inf)
        best = similarity.topk(min(TOPK, similarity.shape[1]), dim=1)
        weights = (best.values / TEMPERATURE).softmax(dim=1)
        return torch.einsum("qk,qkl->ql", weights, labels[best.indices])


def _select(grid: torch.Tensor, labels: torch.Tensor, where: torch.Tensor) -> Cells:
    return Cells(grid[where], labels[where], where.nonzero().float())


def _around(where: torch.Tensor, margin: int) -> torch.Tensor:
    """(h, w) bool, the box of the marked cells, widened by a margin."""
    box = torch.zeros_like(where)
    rows, columns = where.nonzero().unbind(1)
    if len(rows):
        top, left = (int(side.min()) - margin for side in (rows, columns))
        bottom, right = (int(side.max()) + margin + 1 for side in (rows, columns))
        box[max(0, top) : bottom, max(0, left) : right] = True
    return box


def _far(places: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """(n, m), true where two cells are no neighbours; comparing with NaN is never true."""
    rows, columns = (
        (a[:, None] - b).abs() > RADIUS for a, b in zip(places.T, others.T, strict=True)
    )
    return rows | columns
