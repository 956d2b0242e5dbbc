"""Losses of distillation: zeros, invariances, direction, and a direct formula."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from scenerep_training.losses.distillation import (
    consistency_loss,
    cosine_loss,
    feature_loss,
    relation_loss,
    sample_cells,
)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture
def features() -> torch.Tensor:
    return torch.randn(3, 20, 8)


@pytest.mark.parametrize("loss", [feature_loss, cosine_loss, relation_loss])
def test_equal_features_cost_nothing(loss, features):
    assert loss(features, features.clone()) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("loss", [feature_loss, cosine_loss, relation_loss])
def test_a_step_against_the_gradient_comes_nearer(loss, features):
    student = torch.randn_like(features).requires_grad_()
    before = loss(student, features)
    before.backward()
    assert loss(student - 0.5 * student.grad / student.grad.norm(), features) < before


@pytest.mark.parametrize("loss", [feature_loss, cosine_loss, relation_loss])
def test_half_precision_is_computed_in_float32(loss, features):
    student = torch.randn_like(features).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(student, features)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, loss(student.float(), features))


def test_relations_do_not_depend_on_the_channels(features):
    rotation = torch.linalg.qr(torch.randn(11, 8)).Q  # 8 dimensions into 11, distances kept
    assert relation_loss(features @ rotation.T, features) == pytest.approx(0.0, abs=1e-5)


def test_relations_equal_centred_kernel_alignment(features):
    student = torch.randn(3, 20, 5)
    expected = [1 - _cka(s, t) for s, t in zip(student, features, strict=True)]
    torch.testing.assert_close(relation_loss(student, features), torch.stack(expected).mean())


def test_relations_of_swapped_cells_differ(features):
    assert relation_loss(features.flip(1), features) > 0.5


def test_cells_are_compared_where_they_came_to_lie():
    first = torch.randn(1, 4, 6, 8)
    second = first.roll(-1, dims=2)  # the camera moved one cell to the right
    there = _centres(4, 6) - torch.tensor([1 / 6, 0.0])
    there[:, 0] = torch.nan  # out of sight
    assert consistency_loss(first, second, there[None]) == pytest.approx(0.0, abs=1e-5)
    assert consistency_loss(first, second, _centres(4, 6)[None]) > 0.5


def test_without_correspondence_the_means_are_compared():
    first = torch.randn(2, 4, 6, 8)
    unknown = torch.full((2, 4, 6, 2), torch.nan)
    assert consistency_loss(first, first.flip(2), unknown) == pytest.approx(0.0, abs=1e-6)
    assert consistency_loss(first, -first, unknown) == pytest.approx(2.0, abs=1e-5)


def test_unknown_cells_leave_the_gradient_finite():
    first = torch.randn(1, 2, 2, 8, requires_grad=True)
    consistency_loss(first, first.detach(), torch.full((1, 2, 2, 2), torch.nan)).backward()
    assert first.grad.isfinite().all()


def test_sampling_at_the_centres_gives_the_cells():
    grid = torch.randn(2, 3, 5, 4)
    sampled = sample_cells(grid, _centres(3, 5).expand(2, -1, -1, -1))
    torch.testing.assert_close(sampled, grid)


def _cka(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Kornblith et al., equation 3: HSIC through the centring matrix."""
    centring = torch.eye(20) - 1 / 20
    s, t = F.normalize(student, dim=1), F.normalize(teacher, dim=1)
    s, t = s @ s.T, t @ t.T

    def hsic(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return torch.trace(one @ centring @ other @ centring)

    return hsic(s, t) / (hsic(s, s) * hsic(t, t)).sqrt()


def _centres(height: int, width: int) -> torch.Tensor:
    y, x = torch.meshgrid(
        (torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij"
    )
    return torch.stack([x, y], dim=-1)
