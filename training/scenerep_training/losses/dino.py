"""DINO's loss: the student of one view predicts what the teacher says of another."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from scenerep_training.engine.processes import mean_processes


class Distillation(NamedTuple):
    """What DINO's loss found.

    Attributes:
        loss: scalar.
        teacher: (T, B, K) probabilities.
        student: (V, B, K) log-probabilities.
    """

    loss: torch.Tensor
    teacher: torch.Tensor
    student: torch.Tensor


class DINOLoss(nn.Module):
    """Cross-entropy between views, with centring and sharpening (Caron et al., ICCV 2021).

    Computed in float32.

    Args:
        outputs: of the head, K.
        student_temperature: the paper's tau_s.
        centre_momentum: the paper's m, of the moving mean of the teacher's logits.

    Attributes:
        centre: (K,) float32, subtracted from the teacher's logits.
    """

    centre: torch.Tensor

    def __init__(
        self, outputs: int, student_temperature: float = 0.1, centre_momentum: float = 0.9
    ) -> None:
        super().__init__()
        self.student_temperature = student_temperature
        self.centre_momentum = centre_momentum
        self.register_buffer("centre", torch.zeros(outputs))

    def forward(
        self, student: torch.Tensor, teacher: torch.Tensor, teacher_temperature: float
    ) -> Distillation:
        """Compare all pairs of different views.

        Args:
            student: (V, B, K) logits, of the teacher's views first.
            teacher: (T, B, K) logits, T < V or T = V > 1.
            teacher_temperature: the paper's tau_t.
        """
        said = ((teacher.detach().float() - self.centre) / teacher_temperature).softmax(-1)
        heard = (student.float() / self.student_temperature).log_softmax(-1)
        # Summed before they are multiplied: no (T, V, B, K) tensor, and no matrix product that
        # autocast would round to 16 bits.
        others = heard.sum(0) - heard[: len(said)]
        loss = -(said * others).sum(-1).mean() / (len(heard) - 1)
        return Distillation(loss, said, heard)

    @torch.no_grad()
    def follow(self, teacher: torch.Tensor) -> None:
        """Move the centre towards the mean of (T, B, K) logits of the teacher, of all processes."""
        mean = mean_processes(teacher.float().mean((0, 1)))
        self.centre.lerp_(mean, 1 - self.centre_momentum)
