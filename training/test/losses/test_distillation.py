"""Tests of the distillation losses: zeros, invariances, gradient direction, and CKA."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from scenerep_training.losses.distillation import (
    attention_loss,
    consistency_loss,
    cosine_loss,
    feature_loss,
    relation_loss,
    sample_patches,
)

LOSSES = [feature_loss, cosine_loss, relation_loss]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture
def features() -> torch.Tensor:
    return torch.randn(3, 20, 8)


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_of_equal_features_is_zero(loss, features):
    assert loss(features, features.clone()) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_falls_along_negative_gradient(loss, features):
    student = torch.randn_like(features).requires_grad_()
    before = loss(student, features)
    before.backward()
    assert loss(student - 0.5 * student.grad / student.grad.norm(), features) < before


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_under_autocast_is_computed_in_float32(loss, features):
    student = torch.randn_like(features).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(student, features)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(student.float(), features))


def test_feature_loss_of_scaled_features_exceeds_cosine_loss(features):
    assert cosine_loss(2 * features, features) == pytest.approx(0.0, abs=1e-6)
    assert feature_loss(2 * features, features) > 0.1


def test_relation_loss_of_rotated_channels_is_zero(features):
    rotation = torch.linalg.qr(torch.randn(11, 8)).Q  # an isometry of 8 into 11 dimensions
    assert relation_loss(features @ rotation.T, features) == pytest.approx(0.0, abs=1e-5)


def test_relation_loss_equals_centered_kernel_alignment(features):
    student = torch.randn(3, 20, 5)
    expected = [1 - _cka(s, t) for s, t in zip(student, features, strict=True)]
    torch.testing.assert_close(relation_loss(student, features), torch.stack(expected).mean())


def test_relation_loss_of_permuted_patches_is_large(features):
    assert relation_loss(features.flip(1), features) > 0.5


def test_consistency_loss_compares_corresponding_patches():
    first = torch.randn(1, 4, 6, 8)
    second = first.roll(-1, dims=2)  # the image moves by one patch to the left
    correspondence = _patch_centers(4, 6) - torch.tensor([1 / 6, 0.0])
    correspondence[:, 0] = torch.nan  # the first column leaves the image
    assert consistency_loss(first, second, correspondence[None]) == pytest.approx(0.0, abs=1e-5)
    assert consistency_loss(first, second, _patch_centers(4, 6)[None]) > 0.5


def test_consistency_loss_without_correspondence_compares_means():
    first = torch.randn(2, 4, 6, 8)
    unknown = torch.full((2, 4, 6, 2), torch.nan)
    assert consistency_loss(first, first.flip(2), unknown) == pytest.approx(0.0, abs=1e-6)
    assert consistency_loss(first, -first, unknown) == pytest.approx(2.0, abs=1e-5)


def test_consistency_loss_without_correspondence_has_finite_gradient():
    first = torch.randn(1, 2, 2, 8, requires_grad=True)
    consistency_loss(first, first.detach(), torch.full((1, 2, 2, 2), torch.nan)).backward()
    assert first.grad.isfinite().all()


def test_sample_patches_at_centers_returns_grid():
    grid = torch.randn(2, 3, 5, 4)
    sampled = sample_patches(grid, _patch_centers(3, 5).expand(2, -1, -1, -1))
    torch.testing.assert_close(sampled, grid)


def test_attention_loss_equals_divergence_of_normalized_maps():
    logits, attention = torch.randn(2, 3, 4, 5), torch.rand(2, 3, 4, 5)
    target = torch.distributions.Categorical(attention.flatten(2))
    predicted = torch.distributions.Categorical(logits=logits.flatten(2))
    expected = torch.distributions.kl_divergence(target, predicted).mean()
    torch.testing.assert_close(attention_loss(logits, attention), expected)


def test_attention_loss_of_equal_maps_is_zero():
    attention = torch.rand(2, 3, 4, 5)
    assert attention_loss(attention.log(), 0.1 * attention) == pytest.approx(0, abs=1e-6)


def _cka(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Linear CKA of unit-length rows (Kornblith et al., equation 3)."""
    centering = torch.eye(20) - 1 / 20
    s, t = F.normalize(student, dim=1), F.normalize(teacher, dim=1)
    s, t = s @ s.T, t @ t.T

    def hsic(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return torch.trace(first @ centering @ second @ centering)

    return hsic(s, t) / (hsic(s, s) * hsic(t, t)).sqrt()


def _patch_centers(height: int, width: int) -> torch.Tensor:
    y, x = torch.meshgrid(
        (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij"
    )
    return torch.stack([x, y], dim=-1)
