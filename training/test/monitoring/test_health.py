"""Figures of a step, on outputs whose figures are known."""

from __future__ import annotations

import math

import pytest
import torch
from scenerep_training.methods.base import Step
from scenerep_training.monitoring.health import (
    divergence,
    effective_rank,
    feature_std,
    measure,
    teacher_entropy,
)

OUTPUTS = 16


def random_rows(count=8, channels=OUTPUTS, seed=0):
    return torch.randn(count, channels, generator=torch.Generator().manual_seed(seed))


def test_entropy_is_0_where_one_output_wins_and_the_logarithm_of_k_where_all_are_equal():
    assert teacher_entropy(torch.eye(OUTPUTS)) == 0
    uniform = torch.full((3, OUTPUTS), 1 / OUTPUTS)
    assert teacher_entropy(uniform).item() == pytest.approx(math.log(OUTPUTS), abs=1e-5)


def test_divergence_is_torchs_and_0_of_the_same():
    teacher, student = random_rows(seed=1).softmax(1), random_rows(seed=2).log_softmax(1)
    expected = torch.nn.functional.kl_div(student, teacher, reduction="batchmean")
    torch.testing.assert_close(divergence(teacher, student), expected, atol=1e-5, rtol=0)
    assert abs(divergence(teacher, teacher.log()).item()) < 1e-5


def test_entropy_and_divergence_add_up_to_the_cross_entropy():
    teacher, student = random_rows(seed=1).softmax(1), random_rows(seed=2).log_softmax(1)
    total = teacher_entropy(teacher) + divergence(teacher, student)
    torch.testing.assert_close(total, -(teacher * student).sum(1).mean())


def test_the_spread_is_0_of_one_direction_and_that_of_a_sphere_of_all():
    lengths = torch.arange(1.0, 9.0)[:, None]
    assert feature_std(lengths * random_rows(1)).item() == pytest.approx(0, abs=1e-6)
    assert feature_std(random_rows(4000)).item() == pytest.approx(OUTPUTS**-0.5, rel=0.02)


@pytest.mark.parametrize("rank", [1, 3, OUTPUTS])
def test_the_effective_rank_is_the_rank_where_all_directions_weigh_the_same(rank):
    assert effective_rank(torch.eye(OUTPUTS)[:rank]).item() == pytest.approx(rank, rel=1e-4)


def test_the_effective_rank_weighs_directions():
    values = torch.diag(torch.tensor([3.0, 1.0]))
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert effective_rank(values).item() == pytest.approx(math.exp(entropy), rel=1e-5)


def test_features_that_are_all_0_have_figures():
    nothing = torch.zeros(4, OUTPUTS)
    assert feature_std(nothing) == 0
    assert effective_rank(nothing) == 1


def test_features_that_are_not_finite_show_and_do_not_raise():
    features = random_rows()
    features[0, 0] = torch.inf
    figures = measure(Step(torch.zeros(()), features))
    assert figures["feature_std"].isnan()


def test_a_step_without_a_teachers_probabilities_has_the_features_figures_only():
    step = Step(torch.zeros(()), random_rows().bfloat16())
    assert set(measure(step)) == {"feature_std", "effective_rank"}


def test_a_step_with_them_has_all_and_none_with_gradient():
    logits = random_rows().requires_grad_()
    step = Step(torch.zeros(()), logits, logits.softmax(1), logits.log_softmax(1))
    figures = measure(step)
    assert set(figures) == {"feature_std", "effective_rank", "teacher_entropy", "kl"}
    assert not any(figure.requires_grad for figure in figures.values())
