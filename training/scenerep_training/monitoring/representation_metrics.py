"""Metrics of the features and outputs of a training step, which reveal a collapse."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from scenerep_training.methods.base import StepOutput


def representation_metrics(output: StepOutput) -> dict[str, torch.Tensor]:
    """Compute the metrics of one step.

    Returns:
        Scalars on the step's device, by their names in training logs: `feature_std`,
        `effective_rank` and, if the method has teacher probabilities, `teacher_entropy` and `kl`.
    """
    features = output.features.detach().float()
    metrics = {"feature_std": feature_std(features), "effective_rank": effective_rank(features)}
    if output.teacher_probs is None or output.student_log_probs is None:
        return metrics
    teacher, student = output.teacher_probs.detach(), output.student_log_probs.detach()
    return metrics | {
        "teacher_entropy": teacher_entropy(teacher),
        "kl": kl_divergence(teacher, student),
    }


def teacher_entropy(teacher_probs: torch.Tensor) -> torch.Tensor:
    """Return the mean entropy of probabilities (M, K) [nats]."""
    return torch.special.entr(teacher_probs).sum(1).mean()


def kl_divergence(teacher_probs: torch.Tensor, student_log_probs: torch.Tensor) -> torch.Tensor:
    """Return the mean Kullback-Leibler divergence of the student from the teacher [nats].

    Args:
        teacher_probs: (M, K) probabilities.
        student_log_probs: (M, K) log-probabilities.
    """
    return -(teacher_probs * student_log_probs).sum(1).mean() - teacher_entropy(teacher_probs)


def feature_std(features: torch.Tensor) -> torch.Tensor:
    """Return the standard deviation of normalized features (Chen, He, CVPR 2021, figure 2).

    Args:
        features: (N, D) features.

    Returns:
        Mean over the D channels: 0 for equal directions, about 1/sqrt(D) for directions that are
        spread over the whole sphere.
    """
    return F.normalize(features, dim=1).std(0).mean()


def effective_rank(features: torch.Tensor) -> torch.Tensor:
    """Return the effective rank (Roy, Vetterli 2007; RankMe, Garrido et al., ICML 2023).

    Args:
        features: (N, D) features.

    Returns:
        Exponential of the entropy of the normalized singular values, 1 to min(N, D).
    """
    # svdvals raises on values that are not finite; `feature_std` reports them as NaN.
    singular_values = torch.linalg.svdvals(features.nan_to_num())
    total = singular_values.sum().clamp_min(torch.finfo(singular_values.dtype).tiny)
    return torch.special.entr(singular_values / total).sum().exp()
