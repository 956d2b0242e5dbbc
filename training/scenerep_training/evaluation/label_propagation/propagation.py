"""Label propagation by frozen features alone, as in STC and DINO.

Jabri, Owens and Efros, "Space-Time Correspondence as a Contrastive Random Walk" (STC, NeurIPS
2020), with the settings of DINO (Caron et al., ICCV 2021, appendix), whose published evaluation it
reproduces: each patch of a frame takes the mean label of its nearest neighbors in the first frame
and in the context frames, weighted by the softmax of their cosine similarity.

Neighbors are searched within a window. The grid is split into tiles, and each tile is compared only
with the window around it, so that memory grows with the window and not with the square of the
number of patches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

TILE_SIZE = 8
"""Side of a tile [patches]; larger tiles need fewer matrix products but mask out more of each."""

Image = NDArray[np.uint8]
Labels = NDArray[np.uint16]
Area = tuple[slice, slice]
"""Rows and columns of a part of a grid."""


@dataclass(frozen=True)
class PropagationOptions:
    """Options of label propagation.

    Attributes:
        top_k: number of nearest neighbors whose labels are averaged.
        radius: radius of the search window [patches].
        context: number of previous frames, besides the first frame.
        temperature: of the softmax over cosine similarities.
    """

    top_k: int = 5
    radius: int = 12
    context: int = 7
    temperature: float = 0.1


DINO_OPTIONS = PropagationOptions()


class LabelPropagation:
    """Propagates labels from frame to frame.

    Args:
        grid: (h, w, C) features of the first frame.
        labels: (h, w, K) float32 labels of the first frame, one channel each, background included.
        options: see there.
    """

    def __init__(
        self, grid: torch.Tensor, labels: torch.Tensor, options: PropagationOptions = DINO_OPTIONS
    ) -> None:
        self._options = options
        self._first = (F.normalize(grid, dim=-1), labels)
        self._recent: deque[tuple[torch.Tensor, torch.Tensor]] = deque(maxlen=options.context)

    def __call__(self, grid: torch.Tensor) -> torch.Tensor:
        """Label the next frame.

        Args:
            grid: (h, w, C) features.

        Returns:
            (h, w, K) float32 scores, which sum to 1 for each patch.
        """
        query = F.normalize(grid, dim=-1)
        grids, labels = zip(self._first, *self._recent, strict=True)
        scores = propagate_labels(query, torch.stack(grids), torch.stack(labels), self._options)
        self._recent.append((query, scores))
        return scores


class DinoPropagation:
    """Propagates masks as DINO's published evaluation does.

    Masks are downsampled to the grid by nearest neighbor and scores upsampled bilinearly; then each
    label's scores are normalized to 0..1 and each pixel takes the label with the highest score.

    Args:
        grid: (h, w, C) features of the first frame.
        color: (H, W, 3) uint8 RGB, the first frame; unused.
        labels: (H, W) uint16, 0 for the background, K objects.
    """

    def __init__(self, grid: torch.Tensor, color: Image, labels: Labels) -> None:  # noqa: ARG002
        self._image_shape = labels.shape
        self._propagation = LabelPropagation(grid, labels_to_grid(labels, grid))

    def __call__(self, grid: torch.Tensor, color: Image) -> Labels:  # noqa: ARG002
        """Label the next frame, (H, W) uint16, by its features (h, w, C) alone."""
        return scores_to_labels(self._propagation(grid), self._image_shape)


def propagate_labels(
    query: torch.Tensor, sources: torch.Tensor, labels: torch.Tensor, options: PropagationOptions
) -> torch.Tensor:
    """Give each patch the weighted mean label of its nearest neighbors in the source frames.

    Args:
        query: (h, w, C) features of unit length.
        sources: (T, h, w, C) features of unit length.
        labels: (T, h, w, K) float32.
        options: see there.

    Returns:
        (h, w, K) float32.
    """
    scores = labels.new_empty((*query.shape[:2], labels.shape[-1]))
    for tile, window in _split_into_tiles(query.shape[0], query.shape[1], options.radius):
        source_window = (slice(None), *window)
        is_far = _is_outside_radius(tile, window, options.radius).to(query.device)
        tile_scores = _average_neighbors(
            query[tile], sources[source_window], labels[source_window], is_far, options
        )
        scores[tile] = tile_scores.view(scores[tile].shape)
    return scores


def labels_to_grid(labels: Labels, grid: torch.Tensor) -> torch.Tensor:
    """Sample labels (H, W) at the patch centers: (h, w, K + 1) float32, one-hot."""
    image = torch.from_numpy(labels.astype(np.float32)).to(grid.device)[None, None]
    patches = F.interpolate(image, grid.shape[:2], mode="nearest-exact")[0, 0].long()
    return F.one_hot(patches, int(labels.max()) + 1).float()


def scores_to_labels(scores: torch.Tensor, shape: tuple[int, ...]) -> Labels:
    """Upsample scores (h, w, K + 1) to an image and take the best label of each pixel."""
    maps = F.interpolate(scores.permute(2, 0, 1)[None], shape, mode="bilinear")[0]
    minimum, maximum = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    normalized = (maps - minimum) / (maximum - minimum).clamp_min(1e-12)
    return normalized.argmax(0).cpu().numpy().astype(np.uint16)


def _average_neighbors(
    query: torch.Tensor,
    sources: torch.Tensor,
    labels: torch.Tensor,
    is_far: torch.Tensor,
    options: PropagationOptions,
) -> torch.Tensor:
    """Average the labels of the nearest neighbors of a tile's q patches.

    Args:
        query: (..., C) of q patches.
        sources: (T, ..., C) of s patches in each of T frames.
        labels: (T, ..., K) of the same patches.
        is_far: (q, s) bool, pairs beyond the search radius.
        options: see `propagate_labels`.

    Returns:
        (q, K) float32.
    """
    # Similarity (T, q, s), restricted to the search radius.
    similarity = query.flatten(0, 1) @ sources.flatten(1, 2).transpose(1, 2)
    similarity.masked_fill_(is_far, -torch.inf)
    # Softmax over the top k of all frames.
    candidates = similarity.transpose(0, 1).flatten(1)
    best = candidates.topk(min(options.top_k, candidates.shape[1]), dim=1)
    weights = (best.values / options.temperature).softmax(dim=1)
    # q: patches of the tile; k: nearest neighbors; l: labels.
    return torch.einsum("qk,qkl->ql", weights, labels.flatten(0, 2)[best.indices])


def _split_into_tiles(height: int, width: int, radius: int) -> Iterator[tuple[Area, Area]]:
    """Yield the tiles of a grid, each with the window of all patches within a radius of it."""
    for top in range(0, height, TILE_SIZE):
        for left in range(0, width, TILE_SIZE):
            rows = slice(top, min(top + TILE_SIZE, height))
            columns = slice(left, min(left + TILE_SIZE, width))
            yield (rows, columns), (_extend(rows, radius, height), _extend(columns, radius, width))


def _extend(side: slice, radius: int, size: int) -> slice:
    return slice(max(0, side.start - radius), min(size, side.stop + radius))


def _is_outside_radius(tile: Area, window: Area, radius: int) -> torch.Tensor:
    """(q, s) bool, pairs of a tile's and a window's patches beyond the radius."""
    rows, columns = (
        (torch.arange(a.start, a.stop)[:, None] - torch.arange(b.start, b.stop)).abs() > radius
        for a, b in zip(tile, window, strict=True)
    )
    return (rows[:, None, :, None] | columns[None, :, None, :]).flatten(0, 1).flatten(1)
