"""DINO as a whole: what teacher and student see, what moves and when."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from scenerep_training.networks.encoder import make_encoder
from tiny import OUTPUTS, make_method, random_views

BATCH, SMALL = 4, 3


def at(method, progress):
    """Put a method somewhere in its run."""
    method._trainer = SimpleNamespace(global_step=round(progress * method.options.max_steps))
    return method


def test_the_teacher_sees_large_crops_only_and_the_student_all():
    method, seen = make_method("dino"), {"student": [], "teacher": []}
    for who, network in (("student", method.encoder), ("teacher", method.teacher)):
        network.register_forward_pre_hook(lambda _, args, who=who: seen[who].append(args[0].shape))
    method.loss(random_views(BATCH, small=SMALL))
    assert seen["teacher"] == [(2 * BATCH, 3, 32, 32)]
    assert seen["student"] == [(2 * BATCH, 3, 32, 32), (SMALL * BATCH, 3, 16, 16)]


def test_the_loss_is_that_of_the_views_one_by_one():
    method = make_method("dino").eval()  # batch normalisation then knows no batch
    views = random_views(BATCH, small=SMALL)
    crops = [*views["global"].unbind(1), *views["local"].unbind(1)]
    student = torch.stack([method.head(method.encoder(crop).pooled) for crop in crops])
    teacher = torch.stack([method.teacher_head(method.teacher(crop).pooled) for crop in crops[:2]])
    expected = method.criterion(student, teacher, 0.04)
    found = method.loss(views)
    torch.testing.assert_close(found.loss, expected.loss, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.teacher, expected.teacher.flatten(0, 1))
    other = torch.cat([expected.student[1], expected.student[0]])
    torch.testing.assert_close(found.student, other)


@pytest.mark.parametrize("backbone", ["test_resnet", "test_vit"])
def test_convnets_and_vits_are_trained_whole(backbone):
    method = make_method("dino", make_encoder(backbone, "random"))
    method.loss(random_views(BATCH, size=64)).loss.backward()
    trained = {name: p for name, p in method.named_parameters() if p.requires_grad}
    assert all(p.grad is not None for p in trained.values())
    assert not any(name.startswith("teacher") for name in trained)


def test_the_last_layer_waits_at_first():
    method = make_method("dino", frozen_head=0.1, max_steps=100)
    for progress, frozen in ((0.0, True), (0.09, True), (0.1, False)):
        method.zero_grad()
        method.loss(random_views(BATCH)).loss.backward()
        at(method, progress).on_before_optimizer_step(None)
        weights = method.head.last.parametrizations.weight.original1
        assert (weights.grad is None) == frozen
        assert method.head.layers[0].weight.grad is not None


def test_the_teacher_follows_with_rising_momentum():
    method = make_method("dino", momentum=0.9, max_steps=10)
    before = method.teacher.network.layers[0].weight.clone()
    with torch.no_grad():
        method.encoder.layers[0].weight.add_(1)
    at(method, 0.5).after_step()
    torch.testing.assert_close(method.teacher.network.layers[0].weight, before + 0.05)
    at(method, 1.0).after_step()
    torch.testing.assert_close(method.teacher.network.layers[0].weight, before + 0.05)


def test_the_teachers_temperature_rises():
    method = make_method("dino", temperature_warmup=0.2, max_steps=100)
    found = [at(method, progress).teacher_temperature for progress in (0.0, 0.1, 0.2, 0.9)]
    assert found == pytest.approx([0.04, 0.055, 0.07, 0.07])


def test_without_sharpening_the_teacher_is_as_warm_as_the_student():
    assert make_method("dino", sharpening=False).teacher_temperature == 0.1


@pytest.mark.parametrize("centring", [True, False])
def test_without_centring_the_centre_stays_0(centring):
    method = make_method("dino", centring=centring)
    teacher = method._teach(random_views(BATCH)["global"])
    method.loss(random_views(BATCH))
    expected = 0.1 * teacher.mean((0, 1)) if centring else torch.zeros(OUTPUTS)
    torch.testing.assert_close(method.criterion.centre, expected)


def test_the_teacher_is_exported():
    method = make_method("dino")
    assert method.exported is method.teacher.network


def test_16_bits_give_a_float32_loss_near_that_of_32():
    views = random_views(BATCH)
    expected = make_method("dino").loss(views).loss
    with torch.autocast("cpu", torch.bfloat16):
        found = make_method("dino").loss(views).loss
    assert found.dtype == torch.float32
    assert abs(found.item() - expected.item()) < 0.3
