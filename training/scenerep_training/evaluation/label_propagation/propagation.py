"""Labels of the first frame carried through a video by frozen features alone.

Jabri, Owens and Efros, "Space-Time Correspondence as a Contrastive Random Walk" (NeurIPS 2020),
with the settings of DINO (Caron et al., ICCV 2021, appendix), whose published evaluation this
follows: each cell of a frame takes the mean label of the cells most like it in the first frame and
in a few frames before, weighted by the softmax of their cosine similarity.

The cells most like it are looked for near its own place only. The grid is cut into tiles, and a
tile sees no more than the window around it, so that memory grows with the window, not with the
square of the number of cells.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

TILE = 8
"""Cells a side: the larger, the fewer and the larger the products, and the more is masked out."""

Image = NDArray[np.uint8]
Labels = NDArray[np.uint16]
Area = tuple[slice, slice]
"""Rows and columns of a part of a grid."""


@dataclass(frozen=True)
class PropagationOptions:
    """How labels are carried.

    Attributes:
        topk: cells whose labels are mixed.
        radius: of the neighbourhood in which they lie, grid cells both ways.
        context: frames before, beside the first one.
        temperature: of the softmax over cosine similarities.
    """

    topk: int = 5
    radius: int = 12
    context: int = 7
    temperature: float = 0.1


DINO = PropagationOptions()


class LabelPropagation:
    """Carries labels from frame to frame.

    Args:
        grid: (h, w, C) features of the first frame.
        labels: (h, w, K) float32, its labels: one channel each, the background being one.
        options: how.
    """

    def __init__(
        self, grid: torch.Tensor, labels: torch.Tensor, options: PropagationOptions = DINO
    ) -> None:
        self._options = options
        self._first = (F.normalize(grid, dim=-1), labels)
        self._recent: deque[tuple[torch.Tensor, torch.Tensor]] = deque(maxlen=options.context)

    def __call__(self, grid: torch.Tensor) -> torch.Tensor:
        """Label the next frame.

        Args:
            grid: (h, w, C) features.

        Returns:
            (h, w, K) float32 scores of the labels, which sum to 1.
        """
        query = F.normalize(grid, dim=-1)
        grids, labels = zip(self._first, *self._recent, strict=True)
        scores = propagate(query, torch.stack(grids), torch.stack(labels), self._options)
        self._recent.append((query, scores))
        return scores


class DinoPropagation:
    """Carries masks as DINO's published evaluation does.

    Masks come to the grid by their nearest pixel, scores to the image's size bilinearly; then each
    label's scores are stretched to 0..1 and the best one wins.

    Args:
        grid: (h, w, C) features of the first frame.
        color: (H, W, 3) uint8 RGB, the first frame, which it does not look at.
        labels: (H, W) uint16, 0 for the background, K objects.
    """

    def __init__(self, grid: torch.Tensor, color: Image, labels: Labels) -> None:  # noqa: ARG002
        self._shape = labels.shape
        self._carry = LabelPropagation(grid, on_grid(labels, grid))

    def __call__(self, grid: torch.Tensor, color: Image) -> Labels:  # noqa: ARG002
        """Label the next frame, (H, W) uint16, by its features (h, w, C) alone."""
        return at_full_size(self._carry(grid), self._shape)


def propagate(
    query: torch.Tensor, sources: torch.Tensor, labels: torch.Tensor, options: PropagationOptions
) -> torch.Tensor:
    """Give each cell the mean label of the source cells nearby that are most like it.

    Args:
        query: (h, w, C) features of unit length.
        sources: (T, h, w, C) features of unit length.
        labels: (T, h, w, K) float32.
        options: how.

    Returns:
        (h, w, K) float32.
    """
    scores = labels.new_empty((*query.shape[:2], labels.shape[-1]))
    for tile, window in _tiles(query.shape[0], query.shape[1], options.radius):
        places = (slice(None), *window)
        far = _far(tile, window, options.radius).to(query.device)
        mixed = _mix(query[tile], sources[places], labels[places], far, options)
        scores[tile] = mixed.view(scores[tile].shape)
    return scores


def on_grid(labels: Labels, grid: torch.Tensor) -> torch.Tensor:
    """Bring labels to the grid, each cell taking its centre's: (h, w, K + 1) float32, one-hot."""
    image = torch.from_numpy(labels.astype(np.float32)).to(grid.device)[None, None]
    cells = F.interpolate(image, grid.shape[:2], mode="nearest-exact")[0, 0].long()
    return F.one_hot(cells, int(labels.max()) + 1).float()


def at_full_size(scores: torch.Tensor, shape: tuple[int, ...]) -> Labels:
    """Bring scores (h, w, K + 1) to an image's size and take the best label of each pixel."""
    maps = F.interpolate(scores.permute(2, 0, 1)[None], shape, mode="bilinear")[0]
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    stretched = (maps - low) / (high - low).clamp_min(1e-12)
    return stretched.argmax(0).cpu().numpy().astype(np.uint16)


def _mix(
    query: torch.Tensor,
    sources: torch.Tensor,
    labels: torch.Tensor,
    far: torch.Tensor,
    options: PropagationOptions,
) -> torch.Tensor:
    """Labels of one tile's q cells, of s cells of the window in each of T frames.

    Args:
        query: (..., C) of q cells.
        sources: (T, ..., C) of s cells.
        labels: (T, ..., K) of s cells.
        far: (q, s), true for pairs that are not neighbours.
        options: how.

    Returns:
        (q, K).
    """
    similarity = query.flatten(0, 1) @ sources.flatten(1, 2).transpose(1, 2)  # T, q, s
    similarity.masked_fill_(far, -torch.inf)
    candidates = similarity.transpose(0, 1).flatten(1)
    best = candidates.topk(min(options.topk, candidates.shape[1]), dim=1)
    weights = (best.values / options.temperature).softmax(dim=1)
    return torch.einsum("qk,qkl->ql", weights, labels.flatten(0, 2)[best.indices])


def _tiles(height: int, width: int, radius: int) -> Iterator[tuple[Area, Area]]:
    """Tiles of a grid, each with the window of all cells that are near one of its own."""
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            tile = slice(top, min(top + TILE, height)), slice(left, min(left + TILE, width))
            yield tile, (_widened(tile[0], radius, height), _widened(tile[1], radius, width))


def _widened(side: slice, radius: int, size: int) -> slice:
    return slice(max(0, side.start - radius), min(size, side.stop + radius))


def _far(tile: Area, window: Area, radius: int) -> torch.Tensor:
    """(q, s), true where a cell of the tile and one of the window are no neighbours."""
    rows, columns = (
        (torch.arange(a.start, a.stop)[:, None] - torch.arange(b.start, b.stop)).abs() > radius
        for a, b in zip(tile, window, strict=True)
    )
    return (rows[:, None, :, None] | columns[None, :, None, :]).flatten(0, 1).flatten(1)
