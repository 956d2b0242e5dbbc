"""Tests of the method DINO: crops, loss, schedules and teacher."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from scenerep_training.networks.encoder import build_encoder
from tiny import OUTPUTS, build_method, random_views

BATCH, SMALL = 4, 3


def set_progress(method, progress):
    """Attach a trainer stub at a position in the run; return the method."""
    method._trainer = SimpleNamespace(global_step=round(progress * method.options.max_steps))
    return method


def test_dino_teacher_encodes_large_crops_only():
    method, shapes = build_method("dino"), {"student": [], "teacher": []}
    for name, network in (("student", method.encoder), ("teacher", method.teacher)):
        network.register_forward_pre_hook(
            lambda _, args, name=name: shapes[name].append(args[0].shape)
        )
    method.compute_loss(random_views(BATCH, small=SMALL))
    assert shapes["teacher"] == [(2 * BATCH, 3, 32, 32)]
    assert shapes["student"] == [(2 * BATCH, 3, 32, 32), (SMALL * BATCH, 3, 16, 16)]


def test_dino_loss_equals_criterion_of_single_views():
    method = build_method("dino").eval()  # without batch statistics
    views = random_views(BATCH, small=SMALL)
    crops = [*views["global"].unbind(1), *views["local"].unbind(1)]
    student = torch.stack([method.head(method.encoder(crop).pooled) for crop in crops])
    teacher = torch.stack([method.teacher_head(method.teacher(crop).pooled) for crop in crops[:2]])
    expected = method.criterion(student, teacher, 0.04)
    output = method.compute_loss(views)
    torch.testing.assert_close(output.loss, expected.loss, atol=1e-5, rtol=0)
    torch.testing.assert_close(output.teacher_probs, expected.teacher_probs.flatten(0, 1))
    other_crops = torch.cat([expected.student_log_probs[1], expected.student_log_probs[0]])
    torch.testing.assert_close(output.student_log_probs, other_crops)


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
def test_dino_trains_whole_student_and_no_teacher(backbone):
    method = build_method("dino", build_encoder(backbone, "random"))
    method.compute_loss(random_views(BATCH, size=64)).loss.backward()
    trained = {name: p for name, p in method.named_parameters() if p.requires_grad}
    assert all(p.grad is not None for p in trained.values())
    assert not any(name.startswith("teacher") for name in trained)


@pytest.mark.parametrize(("progress", "is_frozen"), [(0.0, True), (0.09, True), (0.1, False)])
def test_dino_last_layer_is_frozen_at_start(progress, is_frozen):
    method = build_method("dino", frozen_head=0.1, max_steps=100)
    method.compute_loss(random_views(BATCH)).loss.backward()
    set_progress(method, progress).on_before_optimizer_step(SimpleNamespace(param_groups=[]))
    weights = method.head.last_layer.parametrizations.weight.original1
    assert (weights.grad is None) == is_frozen
    assert method.head.layers[0].weight.grad is not None


@pytest.mark.parametrize(("progress", "decay"), [(0.0, 0.04), (0.5, 0.22), (1.0, 0.4)])
def test_dino_weight_decay_rises_by_half_a_cosine(progress, decay):
    method = build_method("dino", weight_decay=0.04, max_steps=100)
    optimizer = method.configure_optimizers()["optimizer"]
    set_progress(method, progress).on_before_optimizer_step(optimizer)
    decays = {round(group["weight_decay"], 6) for group in optimizer.param_groups}
    assert decays == {0.0, decay}


def test_dino_teacher_update_has_rising_momentum():
    method = build_method("dino", momentum=0.9, max_steps=10)
    before = method.teacher.network.layers[0].weight.clone()
    with torch.no_grad():
        method.encoder.layers[0].weight.add_(1)
    set_progress(method, 0.5).after_optimizer_step()  # momentum 0.95
    torch.testing.assert_close(method.teacher.network.layers[0].weight, before + 0.05)
    set_progress(method, 1.0).after_optimizer_step()  # momentum 1
    torch.testing.assert_close(method.teacher.network.layers[0].weight, before + 0.05)


def test_dino_teacher_temperature_rises_during_warmup():
    method = build_method("dino", temperature_warmup=0.2, max_steps=100)
    temperatures = [
        set_progress(method, progress).teacher_temperature for progress in (0.0, 0.1, 0.2, 0.9)
    ]
    assert temperatures == pytest.approx([0.04, 0.055, 0.07, 0.07])


def test_dino_without_sharpening_teacher_has_student_temperature():
    assert build_method("dino", sharpening=False).teacher_temperature == 0.1


@pytest.mark.parametrize("centering", [True, False])
def test_dino_center_moves_only_with_centering(centering):
    method = build_method("dino", centering=centering)
    teacher_logits = method._teacher_logits(random_views(BATCH)["global"])
    method.compute_loss(random_views(BATCH))
    method.criterion.update_center()
    expected = 0.1 * teacher_logits.mean((0, 1)) if centering else torch.zeros(OUTPUTS)
    torch.testing.assert_close(method.criterion.center, expected)


def test_dino_exports_teacher():
    method = build_method("dino")
    assert method.exported_encoder is method.teacher.network


def test_dino_loss_in_bfloat16_is_near_float32():
    views = random_views(BATCH)
    expected = build_method("dino").compute_loss(views).loss
    with torch.autocast("cpu", torch.bfloat16):
        loss = build_method("dino").compute_loss(views).loss
    assert loss.dtype == torch.float32
    assert abs(loss.item() - expected.item()) < 0.3
