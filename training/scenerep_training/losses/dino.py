"""Loss of DINO."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

from scenerep_training.engine.distributed import all_reduce_mean


class DINOLossOutput(NamedTuple):
    """Loss and the distributions that it compares.

    Attributes:
        loss: scalar.
        teacher_probs: (T, B, K) probabilities of the teacher.
        student_log_probs: (V, B, K) log-probabilities of the student.
    """

    loss: torch.Tensor
    teacher_probs: torch.Tensor
    student_log_probs: torch.Tensor


class DINOLoss(nn.Module):
    """Cross-entropy between views, with centering and sharpening (Caron et al., ICCV 2021).

    Computed in float32.

    Args:
        outputs: number of outputs of the head, K.
        student_temperature: temperature of the student's softmax (tau_s in the paper).
        center_momentum: momentum of the center (m in the paper).

    Attributes:
        center: (K,) float32 moving average of the teacher's logits, subtracted from them.
    """

    center: torch.Tensor

    def __init__(
        self, outputs: int, student_temperature: float = 0.1, center_momentum: float = 0.9
    ) -> None:
        super().__init__()
        self.student_temperature = student_temperature
        self.center_momentum = center_momentum
        self.register_buffer("center", torch.zeros(outputs))
        self._pending_means: list[torch.Tensor] = []

    def forward(
        self, student: torch.Tensor, teacher: torch.Tensor, teacher_temperature: float
    ) -> DINOLossOutput:
        """Compare the student of each view with the teacher of every other view.

        Args:
            student: (V, B, K) logits; the teacher's views come first.
            teacher: (T, B, K) logits, T < V or T = V > 1; they get no gradient.
            teacher_temperature: temperature of the teacher's softmax (tau_t in the paper).
        """
        centered = teacher.detach().float() - self.center
        teacher_probs = (centered / teacher_temperature).softmax(-1)
        student_log_probs = (student.float() / self.student_temperature).log_softmax(-1)
        # Sum over the other views before multiplying: this needs no (T, V, B, K) tensor, and no
        # matrix product that autocast would round to 16 bits.
        other_views = student_log_probs.sum(0) - student_log_probs[: len(teacher_probs)]
        num_others = len(student_log_probs) - 1
        loss = -(teacher_probs * other_views).sum(-1).mean() / num_others
        return DINOLossOutput(loss, teacher_probs, student_log_probs)

    @torch.no_grad()
    def collect_center(self, teacher: torch.Tensor) -> None:
        """Add the teacher's logits (T, B, K) of one of a step's batches."""
        self._pending_means.append(teacher.float().mean((0, 1)))

    @torch.no_grad()
    def update_center(self) -> None:
        """Update the center by the mean of the collected logits over all processes, once a step."""
        if self._pending_means:
            mean = all_reduce_mean(torch.stack(self._pending_means).mean(0))
            self.center.lerp_(mean, 1 - self.center_momentum)
            self._pending_means.clear()
