"""Labels by nearest-neighbor matching against a memory bank of labelled patches.

This is the label propagation of STC and DINO (`propagation`) with two changes. The first frame,
whose labels are true, is searched around the objects without a window, wherever they have moved
to. Of the previous frames, only two are searched within a window: each further frame prolongs the
time for which a wrong label keeps confirming itself.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import torch

TOP_K = 5
TEMPERATURE = 0.1
CONTEXT_FRAMES = 2
"""Previous frames in the memory bank, besides the first frame."""
WINDOW_RADIUS = 12
"""Radius of their search window [patches]."""
BACKGROUND_MARGIN = 8
"""Margin around the objects of the first frame that serves as background [patches]."""


@dataclass(frozen=True)
class LabelledPatches:
    """Labelled patches of one frame.

    Attributes:
        features: (n, C) float32 of unit length.
        labels: (n, K) float32.
        positions: (n, 2) float32, row and column; NaN for patches without a search window.
    """

    features: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor


class FeatureMatching:
    """Memory bank of the first frame and the most recent frames.

    Args:
        grid: (h, w, C) features of the first frame, of unit length.
        labels: (h, w, K) float32, background first.
    """

    def __init__(self, grid: torch.Tensor, labels: torch.Tensor) -> None:
        mask = _bounding_box_mask(labels[..., 0] < 1, BACKGROUND_MARGIN)
        patches = _select_patches(grid, labels, mask)
        unbounded = torch.full_like(patches.positions, torch.nan)
        self._first = LabelledPatches(patches.features, patches.labels, unbounded)
        self._recent: deque[LabelledPatches] = deque(maxlen=CONTEXT_FRAMES)

    def add_frame(self, grid: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor) -> None:
        """Add a labelled frame to the memory bank.

        Args:
            grid: (h, w, C) features of unit length.
            labels: (h, w, K) float32.
            mask: (h, w) bool, patches that were queried; the memory bank keeps their surroundings.
        """
        self._recent.append(_select_patches(grid, labels, _bounding_box_mask(mask, WINDOW_RADIUS)))

    def __call__(self, grid: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Label patches of a frame.

        Args:
            grid: (h, w, C) features of unit length.
            mask: (h, w) bool, the n patches to label.

        Returns:
            (n, K) float32, rows sum to 1.
        """
        memory = (self._first, *self._recent)
        features = torch.cat([patches.features for patches in memory])
        labels = torch.cat([patches.labels for patches in memory])
        positions = torch.cat([patches.positions for patches in memory])
        # Exclude patches beyond the search window, and weight the top k by their similarity.
        similarity = grid[mask] @ features.T
        similarity.masked_fill_(_is_outside_window(mask.nonzero().float(), positions), -torch.inf)
        best = similarity.topk(min(TOP_K, similarity.shape[1]), dim=1)
        weights = (best.values / TEMPERATURE).softmax(dim=1)
        # q: queried patches; k: top patches; l: labels.
        return torch.einsum("qk,qkl->ql", weights, labels[best.indices])


def _select_patches(
    grid: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor
) -> LabelledPatches:
    return LabelledPatches(grid[mask], labels[mask], mask.nonzero().float())


def _bounding_box_mask(mask: torch.Tensor, margin: int) -> torch.Tensor:
    """(h, w) bool, the bounding box of the marked patches, extended by a margin."""
    box = torch.zeros_like(mask)
    rows, columns = mask.nonzero().unbind(1)
    if len(rows):
        top, left = (int(index.min()) - margin for index in (rows, columns))
        bottom, right = (int(index.max()) + margin + 1 for index in (rows, columns))
        box[max(0, top) : bottom, max(0, left) : right] = True
    return box


def _is_outside_window(queries: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """(n, m) bool, pairs beyond WINDOW_RADIUS; a comparison with NaN is False."""
    rows, columns = (
        (query[:, None] - position).abs() > WINDOW_RADIUS
        for query, position in zip(queries.T, positions.T, strict=True)
    )
    return rows | columns
