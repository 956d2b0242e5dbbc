"""Losses of feature distillation."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.amp import autocast

EPSILON = 1e-6


def feature_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Compute cosine distance plus smooth L1, mean over rows (AM-RADIO, Ranzinger et al., CVPR 2024).

    The cosine distance compares directions only, smooth L1 also lengths.

    Args:
        student: (..., C) features of any floating dtype.
        teacher: (..., C) features of the same shape.

    Returns:
        Scalar float32; 0 for equal features.
    """
    student, teacher = student.float(), teacher.float()
    return cosine_loss(student, teacher) + F.smooth_l1_loss(student, teacher)


def cosine_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Compute the mean cosine distance of rows (..., C).

    Returns:
        Scalar float32, 0 to 2.
    """
    return 1 - F.cosine_similarity(student.float(), teacher.float(), dim=-1, eps=EPSILON).mean()


def relation_loss(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Compute one minus the linear CKA between the patches of an image, mean over images.

    K-Means on unit-length features depends only on the Gram matrix of the centered points, and its
    clusters do not change with the scale of that matrix. Centered kernel alignment (CKA, Kornblith
    et al., ICML 2019) compares exactly this matrix. It therefore trains the student's own channels,
    of any number, towards the teacher's clusters without an adaptor.

    Args:
        student: (B, N, C) features of the N patches of each image.
        teacher: (B, N, D) features of the same patches.

    Returns:
        Scalar float32, 0 (the same similarities, up to scale) to 1.
    """
    return cosine_loss(_gram_matrix(student).flatten(1), _gram_matrix(teacher).flatten(1))


def attention_loss(logits: torch.Tensor, attention: torch.Tensor) -> torch.Tensor:
    """Compute the Kullback-Leibler divergence from the teacher's attention, mean over heads.

    Both are normalized over the patches of the view.

    Args:
        logits: (B, n, h, w) the student's attention logits.
        attention: (B, n, h, w) the teacher's attention, not negative.

    Returns:
        Scalar float32, 0 for equal distributions.
    """
    target = attention.float().flatten(2)
    target = target / target.sum(-1, keepdim=True).clamp_min(EPSILON)
    log_probs = logits.float().flatten(2).log_softmax(-1)
    return F.kl_div(log_probs, target, reduction="sum") / target[..., 0].numel()


def _gram_matrix(features: torch.Tensor) -> torch.Tensor:
    """Return the Gram matrices (B, N, N) of centered unit-length features (B, N, C)."""
    points = F.normalize(features.float(), dim=-1)
    points = points - points.mean(1, keepdim=True)
    with autocast(points.device.type, enabled=False):
        return points @ points.transpose(1, 2)


def consistency_loss(
    first: torch.Tensor, second: torch.Tensor, correspondence: torch.Tensor
) -> torch.Tensor:
    """Compute the cosine distance of corresponding patches of a pair, mean over pairs.

    A pair without any known correspondence is compared by the means of its grids.

    Args:
        first: (B, h, w, C) grids of the first images.
        second: (B, h, w, C) grids of the second images.
        correspondence: (B, h, w, 2) positions x, y in the second image, 0 to 1, of the patches of
            the first image; NaN if unknown.

    Returns:
        Scalar float32.
    """
    first, second = first.float(), second.float()
    # Compare the patches whose correspondence is known.
    is_known = correspondence.isfinite().all(-1)
    sampled = sample_patches(second, correspondence.nan_to_num())
    patch_distances = is_known * _cosine_distance(first, sampled)
    num_known = is_known.sum((1, 2))
    # Compare whole images where no correspondence is known.
    image_distance = _cosine_distance(first.mean((1, 2)), second.mean((1, 2)))
    patch_distance = patch_distances.sum((1, 2)) / num_known.clamp(min=1)
    return torch.where(num_known > 0, patch_distance, image_distance).mean()


def sample_patches(grid: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Interpolate a feature grid bilinearly.

    Args:
        grid: (B, h, w, C) features.
        positions: (B, n, m, 2) positions x, y in the image, 0 to 1.

    Returns:
        (B, n, m, C) features.
    """
    maps = grid.permute(0, 3, 1, 2)
    normalized = 2 * positions.to(maps) - 1
    sampled = F.grid_sample(maps, normalized, padding_mode="border", align_corners=False)
    return sampled.permute(0, 2, 3, 1)


def _cosine_distance(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return 1 - F.cosine_similarity(first, second, dim=-1, eps=EPSILON)
