"""References and warps on the patches of a feature grid, and scores of features against them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_training.agreement.references import IGNORED, Labels
from scenerep_training.evaluation.label_propagation.warping import NearestBackwardWarp

MIN_PURITY = 0.75
"""Share of a patch's pixels that its label needs; patches on borders count for nothing."""
MAX_MATCH_DISTANCE = 1.5
"""Distance of a match from the warped position that counts as correct [patches]."""
SAMPLES_PER_PATCH = 4
"""Points of a patch, both ways, at which labels are read."""
_MAX_PAIRS = 20_000
"""Pairs of patches of a kind in one frame that are compared."""


def patch_labels(reference: Labels, grid: tuple[int, int]) -> NDArray[np.int32]:
    """Return the label of each patch, IGNORED where none covers MIN_PURITY of it: (h, w) int32."""
    height, width = reference.shape
    n = SAMPLES_PER_PATCH
    rows = ((np.arange(grid[0] * n) + 0.5) * height / (grid[0] * n)).astype(int)
    columns = ((np.arange(grid[1] * n) + 0.5) * width / (grid[1] * n)).astype(int)
    cells = reference[np.ix_(rows, columns)].reshape(grid[0], n, grid[1], n)
    points = cells.transpose(0, 2, 1, 3).reshape(*grid, n * n)
    labels = np.full(grid, IGNORED, np.int32)
    for label in np.unique(points[points != IGNORED]):
        labels[(points == label).mean(axis=-1) >= MIN_PURITY] = label
    return labels


def patch_matches(
    warp: NearestBackwardWarp, grid: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the patches whose center is visible in the previous frame, and their positions there.

    Returns:
        (M,) flat indices of patches, and (M, 2) float32 row and column in the previous grid, where
        the center of the first patch is at 0.
    """
    height, width = warp.visible.shape
    rows = ((np.arange(grid[0]) + 0.5) * height / grid[0]).astype(int)
    columns = ((np.arange(grid[1]) + 0.5) * width / grid[1]).astype(int)
    index = np.ix_(rows, columns)
    scale = np.array([grid[0] / height, grid[1] / width])
    positions = np.stack([warp.rows[index], warp.columns[index]], axis=-1)
    positions = ((positions + 0.5) * scale - 0.5).reshape(-1, 2).astype(np.float32)
    visible = np.flatnonzero(warp.visible[index].ravel())
    return visible, positions[visible]


def separation(points: torch.Tensor, labels: NDArray[np.int32]) -> float:
    """Compute the area under the ROC curve of similarity as a test for the same object.

    Args:
        points: (N, C) unit-length features of the patches.
        labels: (h, w) patch labels with N = h w.

    Returns:
        Probability that two patches of one object are more similar than a patch of an object and
        one of another or of the background: 0.5 for constant features; NaN without such pairs.
    """
    flat = torch.from_numpy(labels.ravel())
    known = (flat != IGNORED).nonzero()[:, 0]
    values, features = flat[known], points.cpu()[known]
    first, second = torch.triu_indices(len(known), len(known), offset=1)
    is_same = values[first] == values[second]
    is_object = (values[first] > 0) | (values[second] > 0)
    generator = torch.Generator().manual_seed(0)
    same = _draw((is_same & is_object).nonzero()[:, 0], generator)
    different = _draw((~is_same & is_object).nonzero()[:, 0], generator)
    if not len(same) or not len(different):
        return float("nan")
    positive = (features[first[same]] * features[second[same]]).sum(1)
    negative = (features[first[different]] * features[second[different]]).sum(1).sort().values
    # Mann-Whitney: ties count half.
    below = torch.searchsorted(negative, positive, side="left")
    not_above = torch.searchsorted(negative, positive, side="right")
    return float((below + not_above).double().mean() / (2 * len(negative)))


def matching(
    points: tuple[torch.Tensor, torch.Tensor], warp: NearestBackwardWarp, grid: tuple[int, int]
) -> float:
    """Compute the share of patches whose most similar patch in the previous frame is the same spot.

    Args:
        points: (N, C) unit-length features of the previous and of the current frame.
        warp: from the current frame to the previous one.
        grid: height and width of the feature grid.

    Returns:
        0..1, about 1 / N for constant features; NaN without visible patches.
    """
    indices, expected = patch_matches(warp, grid)
    if not len(indices):
        return float("nan")
    best = (points[1].cpu()[torch.from_numpy(indices)] @ points[0].cpu().T).argmax(1).numpy()
    found = np.stack([best // grid[1], best % grid[1]], axis=1)
    distance = np.linalg.norm(found - expected, axis=1)
    return float(np.mean(distance <= MAX_MATCH_DISTANCE))


def _draw(indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    if len(indices) <= _MAX_PAIRS:
        return indices
    return indices[torch.randint(len(indices), (_MAX_PAIRS,), generator=generator)]
