"""Figures of a step that tell whether a run still learns; `collapse` says what their curves mean."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from scenerep_training.methods.base import Step


def measure(step: Step) -> dict[str, torch.Tensor]:
    """Figures of one step, scalars on its device, under the names that training logs have.

    `teacher_entropy` and `kl` are there where the method has a teacher's probabilities.
    """
    features = step.features.detach().float()
    figures = {"feature_std": feature_std(features), "effective_rank": effective_rank(features)}
    if step.teacher is None or step.student is None:
        return figures
    teacher, student = step.teacher.detach(), step.student.detach()
    return figures | {
        "teacher_entropy": teacher_entropy(teacher),
        "kl": divergence(teacher, student),
    }


def teacher_entropy(teacher: torch.Tensor) -> torch.Tensor:
    """Mean entropy of (M, K) probabilities, nats."""
    return torch.special.entr(teacher).sum(1).mean()


def divergence(teacher: torch.Tensor, student: torch.Tensor) -> torch.Tensor:
    """Mean Kullback-Leibler divergence of the student from the teacher, nats.

    Args:
        teacher: (M, K) probabilities.
        student: (M, K) log-probabilities.
    """
    return -(teacher * student).sum(1).mean() - teacher_entropy(teacher)


def feature_std(features: torch.Tensor) -> torch.Tensor:
    """Standard deviation of directions (Chen, He, CVPR 2021, figure 2).

    Args:
        features: (N, D).

    Returns:
        Mean over the D channels of the l2-normalised features: 0 where all are the same, about
        1/sqrt(D) where they point everywhere.
    """
    return F.normalize(features, dim=1).std(0).mean()


def effective_rank(features: torch.Tensor) -> torch.Tensor:
    """How many dimensions features fill (Roy, Vetterli 2007; Garrido et al., ICML 2023, RankMe).

    Args:
        features: (N, D).

    Returns:
        exp of the entropy of the singular values' shares, 1 to min(N, D).
    """
    # The decomposition raises where something is not finite; feature_std then says so, as NaN.
    values = torch.linalg.svdvals(features.nan_to_num())
    shares = values / values.sum().clamp_min(torch.finfo(values.dtype).tiny)
    return torch.special.entr(shares).sum().exp()
