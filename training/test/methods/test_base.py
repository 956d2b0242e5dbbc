"""Tests of the base of all methods: optimizer, progress and detached outputs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from scenerep_training.methods.base import StepOutput
from tiny import build_method, random_views


def test_optimizer_learning_rate_scales_with_batch_size():
    method = build_method("simclr", batch_size=64, learning_rate=0.4, warmup=0.5, max_steps=8)
    config = method.configure_optimizers()
    assert config["lr_scheduler"]["interval"] == "step"
    # The first of four warm-up steps has a quarter of the peak of 0.4 * 64 / 256.
    assert config["optimizer"].param_groups[0]["lr"] == pytest.approx(0.025)


def test_optimizer_skips_frozen_weights_and_decays_matrices_only():
    method = build_method("byol", weight_decay=0.1)
    groups = method.configure_optimizers()["optimizer"].param_groups
    optimized = {id(weight) for group in groups for weight in group["params"]}
    assert optimized == {id(p) for p in method.parameters() if p.requires_grad}
    for group in groups:
        has_decay = group["weight_decay"] > 0
        assert all((weight.ndim > 1) == has_decay for weight in group["params"])


@pytest.mark.parametrize("name", ["simclr", "dino"])
@pytest.mark.parametrize(("step", "is_frozen"), [(1, True), (5, False)])
def test_encoder_is_frozen_while_only_heads_learn(name, step, is_frozen):
    method = build_method(name, max_steps=10, frozen_encoder=0.4, batch_size=4)
    method._trainer = SimpleNamespace(global_step=step)
    optimizer = method.configure_optimizers()["optimizer"]
    before = {key: weight.detach().clone() for key, weight in method.named_parameters()}
    method.compute_loss(random_views(4)).loss.backward()
    method.on_before_optimizer_step(optimizer)
    optimizer.step()
    changed = {
        key.split(".")[0]
        for key, weight in method.named_parameters()
        if not torch.equal(weight, before[key])
    }
    assert ("encoder" not in changed) == is_frozen
    assert changed - {"encoder"}


@pytest.mark.parametrize(("step", "progress"), [(0, 0.0), (25, 0.25), (200, 1.0)])
def test_progress_is_completed_ratio_of_run(step, progress):
    method = build_method("simclr", max_steps=100)
    method._trainer = SimpleNamespace(global_step=step)
    assert method.progress == progress


def test_step_output_detach_removes_all_gradients():
    value = torch.ones(2, 3, requires_grad=True)
    output = StepOutput(value.sum(), value * 2, value * 3, value * 4, {"objects": value.sum()})
    detached = output.detach()
    tensors = [detached.loss, detached.features, *detached.metrics.values()]
    tensors += [detached.teacher_probs, detached.student_log_probs]
    assert not any(tensor.requires_grad for tensor in tensors)
    assert torch.equal(detached.features, output.features)


def test_step_output_detach_without_teacher_keeps_none():
    detached = StepOutput(torch.ones(()), torch.ones(2, 3)).detach()
    assert detached.teacher_probs is None
    assert detached.student_log_probs is None
