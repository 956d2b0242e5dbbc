"""How far a student's features are from a teacher's: cell by cell, and in how cells relate."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.amp import autocast

EPSILON = 1e-6


def feature_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Cosine distance plus smooth L1, mean over rows (AM-RADIO's sum, Ranzinger et al., CVPR 2024).

    The cosine sees the direction, smooth L1 the length as well.

    Args:
        student: (..., C), of any floating dtype.
        teacher: as the student's.

    Returns:
        Scalar float32; 0 where both are equal.
    """
    student, teacher = student.float(), teacher.float()
    return cosine_loss(student, teacher) + F.smooth_l1_loss(student, teacher)


def cosine_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """One minus the cosine, mean over rows (..., C); scalar float32."""
    return 1 - F.cosine_similarity(student.float(), teacher.float(), dim=-1, eps=EPSILON).mean()


def relation_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """One minus the linear CKA of the cells of an image, mean over images.

    K-Means on unit-length features depends on nothing but the Gram matrix of the centred points,
    and its clusters do not change with that matrix' scale. Centred kernel alignment (Kornblith et
    al., ICML 2019) compares exactly this, so it asks the student's own channels, of any number, for
    the teacher's clusters without an adaptor in between.

    Args:
        student: (B, N, C), N cells an image.
        teacher: (B, N, D), the same cells.

    Returns:
        Scalar float32 between 0 (the same relations, up to scale) and 1.
    """
    return cosine_loss(_gram(student).flatten(1), _gram(teacher).flatten(1))


def _gram(features: torch.Tensor) -> torch.Tensor:
    points = F.normalize(features.float(), dim=-1)
    points = points - points.mean(1, keepdim=True)
    with autocast(points.device.type, enabled=False):
        return points @ points.transpose(1, 2)


def consistency_loss(
    first: torch.Tensor, second: torch.Tensor, correspondence: torch.Tensor
) -> torch.Tensor:
    """Cosine distance of cells that show the same point in both images of a pair, mean over pairs.

    A pair without a known correspondence is compared by the means of its grids.

    Args:
        first: (B, h, w, C), grid of the first images.
        second: (B, h, w, C), of the second ones.
        correspondence: (B, h, w, 2), x and y in 0..1 in the second image for the cells of the
            first; NaN where unknown.

    Returns:
        Scalar float32.
    """
    first, second = first.float(), second.float()
    known = correspondence.isfinite().all(-1)
    cells = known * _distance(first, sample_cells(second, correspondence.nan_to_num()))
    count = known.sum((1, 2))
    whole = _distance(first.mean((1, 2)), second.mean((1, 2)))
    return torch.where(count > 0, cells.sum((1, 2)) / count.clamp(min=1), whole).mean()


def sample_cells(grid: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Features (B, n, m, C) of a grid (B, h, w, C) at positions (B, n, m, 2), x and y in 0..1."""
    maps = grid.permute(0, 3, 1, 2)
    lookup = 2 * positions.to(maps) - 1
    sampled = F.grid_sample(maps, lookup, padding_mode="border", align_corners=False)
    return sampled.permute(0, 2, 3, 1)


def _distance(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return 1 - F.cosine_similarity(one, other, dim=-1, eps=EPSILON)
