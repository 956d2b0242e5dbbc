"""DINO's loss and centre, against lightly's."""

from __future__ import annotations

import pytest
import torch
from lightly.loss import DINOLoss as Oracle
from scenerep_training.losses.dino import DINOLoss

OUTPUTS, BATCH = 32, 6


def logits(views, seed, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(views, BATCH, OUTPUTS, generator=generator).to(dtype).requires_grad_()


@pytest.mark.parametrize("views", [2, 3, 8])
@pytest.mark.parametrize("temperature", [0.04, 0.1])
def test_loss_gradient_and_centre_are_lightlys(views, temperature):
    ours, oracle = DINOLoss(OUTPUTS), Oracle(OUTPUTS, student_temp=0.1, center_momentum=0.9)
    for seed in range(3):  # the centre of each step counts in the next one
        student, teacher = logits(views, seed), logits(2, 10 + seed)
        found = ours(student, teacher, temperature)
        ours.follow(teacher)
        expected = oracle(list(teacher), list(student), teacher_temp=temperature)
        torch.testing.assert_close(found.loss, expected, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(ours.centre, oracle.center[0, 0], atol=1e-6, rtol=1e-5)
        gradients = [torch.autograd.grad(loss, student)[0] for loss in (found.loss, expected)]
        torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-5)


def test_a_view_is_not_compared_with_itself():
    student, teacher = logits(2, 0), logits(2, 1)
    before = DINOLoss(OUTPUTS)(student, teacher, 0.04).loss
    said = teacher.detach().clone()
    said[1] = 0  # what the teacher says of the second view, the student of the first has to tell
    (gradient,) = torch.autograd.grad(before - DINOLoss(OUTPUTS)(student, said, 0.04).loss, student)
    assert gradient[0].abs().max() > 0
    assert gradient[1].abs().max() < 1e-7


def test_the_teacher_gets_no_gradient():
    student, teacher = logits(3, 0), logits(2, 1)
    DINOLoss(OUTPUTS)(student, teacher, 0.04).loss.backward()
    assert teacher.grad is None
    assert student.grad is not None


def test_rows_are_probabilities_and_log_probabilities():
    found = DINOLoss(OUTPUTS)(logits(3, 0), logits(2, 1), 0.04)
    torch.testing.assert_close(found.teacher.sum(-1), torch.ones(2, BATCH))
    torch.testing.assert_close(found.student.exp().sum(-1), torch.ones(3, BATCH))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_it_is_computed_in_float32(dtype):
    student, teacher = logits(3, 0, dtype), logits(2, 1, dtype)
    expected = DINOLoss(OUTPUTS)(student.float(), teacher.float(), 0.04).loss
    with torch.autocast("cpu", torch.bfloat16):
        found = DINOLoss(OUTPUTS)(student, teacher, 0.04).loss
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=0, rtol=0)
