"""Tests of DINO's loss and center against lightly's."""

from __future__ import annotations

import pytest
import torch
from lightly.loss import DINOLoss as LightlyDINOLoss
from scenerep_training.losses.dino import DINOLoss

OUTPUTS, BATCH = 32, 6


def random_logits(views, seed, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(views, BATCH, OUTPUTS, generator=generator).to(dtype).requires_grad_()


@pytest.mark.parametrize("views", [2, 3, 8])
@pytest.mark.parametrize("temperature", [0.04, 0.1])
def test_dino_loss_gradient_and_center_equal_lightly(views, temperature):
    ours = DINOLoss(OUTPUTS)
    oracle = LightlyDINOLoss(OUTPUTS, student_temp=0.1, center_momentum=0.9)
    for seed in range(3):  # the center of each step affects the next one
        student, teacher = random_logits(views, seed), random_logits(2, 10 + seed)
        loss = ours(student, teacher, temperature).loss
        ours.collect_center(teacher)
        ours.update_center()
        expected = oracle(list(teacher), list(student), teacher_temp=temperature)
        torch.testing.assert_close(loss, expected, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(ours.center, oracle.center[0, 0], atol=1e-6, rtol=1e-5)
        gradients = [torch.autograd.grad(value, student)[0] for value in (loss, expected)]
        torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-5)


def test_dino_loss_ignores_teacher_of_same_view():
    student, teacher = random_logits(2, 0), random_logits(2, 1)
    changed = teacher.detach().clone()
    changed[1] = 0
    before = DINOLoss(OUTPUTS)(student, teacher, 0.04).loss
    after = DINOLoss(OUTPUTS)(student, changed, 0.04).loss
    # The teacher of the second view is the target of the first view's student only.
    (gradient,) = torch.autograd.grad(before - after, student)
    assert gradient[0].abs().max() > 0
    assert gradient[1].abs().max() < 1e-7


def test_dino_loss_teacher_gets_no_gradient():
    student, teacher = random_logits(3, 0), random_logits(2, 1)
    DINOLoss(OUTPUTS)(student, teacher, 0.04).loss.backward()
    assert teacher.grad is None
    assert student.grad is not None


def test_dino_loss_outputs_are_normalized_distributions():
    output = DINOLoss(OUTPUTS)(random_logits(3, 0), random_logits(2, 1), 0.04)
    torch.testing.assert_close(output.teacher_probs.sum(-1), torch.ones(2, BATCH))
    torch.testing.assert_close(output.student_log_probs.exp().sum(-1), torch.ones(3, BATCH))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_dino_loss_under_autocast_is_computed_in_float32(dtype):
    student, teacher = random_logits(3, 0, dtype), random_logits(2, 1, dtype)
    expected = DINOLoss(OUTPUTS)(student.float(), teacher.float(), 0.04).loss
    with torch.autocast("cpu", torch.bfloat16):
        loss = DINOLoss(OUTPUTS)(student, teacher, 0.04).loss
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, expected, atol=0, rtol=0)


def test_center_of_accumulated_batches_equals_that_of_whole_batch():
    torch.manual_seed(0)
    logits = torch.randn(2, 8, 5)
    whole, accumulated = DINOLoss(5), DINOLoss(5)
    whole.collect_center(logits)
    for part in logits.split(4, dim=1):
        accumulated.collect_center(part)
        assert not accumulated.center.any()
    for loss in (whole, accumulated):
        loss.update_center()
    torch.testing.assert_close(accumulated.center, whole.center)
