"""Tests of the representation metrics on outputs with known values."""

from __future__ import annotations

import math

import pytest
import torch
from scenerep_training.methods.base import StepOutput
from scenerep_training.monitoring.representation_metrics import (
    effective_rank,
    feature_std,
    kl_divergence,
    representation_metrics,
    teacher_entropy,
)

OUTPUTS = 16


def random_rows(count=8, channels=OUTPUTS, seed=0):
    return torch.randn(count, channels, generator=torch.Generator().manual_seed(seed))


def test_teacher_entropy_of_one_hot_is_zero():
    assert teacher_entropy(torch.eye(OUTPUTS)) == 0


def test_teacher_entropy_of_uniform_is_log_of_outputs():
    uniform = torch.full((3, OUTPUTS), 1 / OUTPUTS)
    assert teacher_entropy(uniform).item() == pytest.approx(math.log(OUTPUTS), abs=1e-5)


def test_kl_divergence_equals_torch():
    teacher, student = random_rows(seed=1).softmax(1), random_rows(seed=2).log_softmax(1)
    expected = torch.nn.functional.kl_div(student, teacher, reduction="batchmean")
    torch.testing.assert_close(kl_divergence(teacher, student), expected, atol=1e-5, rtol=0)


def test_kl_divergence_of_equal_distributions_is_zero():
    teacher = random_rows(seed=1).softmax(1)
    assert abs(kl_divergence(teacher, teacher.log()).item()) < 1e-5


def test_entropy_plus_divergence_is_cross_entropy():
    teacher, student = random_rows(seed=1).softmax(1), random_rows(seed=2).log_softmax(1)
    total = teacher_entropy(teacher) + kl_divergence(teacher, student)
    torch.testing.assert_close(total, -(teacher * student).sum(1).mean())


def test_feature_std_of_one_direction_is_zero():
    lengths = torch.arange(1.0, 9.0)[:, None]
    assert feature_std(lengths * random_rows(1)).item() == pytest.approx(0, abs=1e-6)


def test_feature_std_of_random_directions_is_that_of_sphere():
    assert feature_std(random_rows(4000)).item() == pytest.approx(OUTPUTS**-0.5, rel=0.02)


@pytest.mark.parametrize("rank", [1, 3, OUTPUTS])
def test_effective_rank_of_orthonormal_rows_is_rank(rank):
    assert effective_rank(torch.eye(OUTPUTS)[:rank]).item() == pytest.approx(rank, rel=1e-4)


def test_effective_rank_weights_directions_by_singular_values():
    values = torch.diag(torch.tensor([3.0, 1.0]))
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert effective_rank(values).item() == pytest.approx(math.exp(entropy), rel=1e-5)


def test_metrics_of_zero_features_are_defined():
    zeros = torch.zeros(4, OUTPUTS)
    assert feature_std(zeros) == 0
    assert effective_rank(zeros) == 1


def test_metrics_of_infinite_features_report_nan():
    features = random_rows()
    features[0, 0] = torch.inf
    metrics = representation_metrics(StepOutput(torch.zeros(()), features))
    assert metrics["feature_std"].isnan()


def test_metrics_without_teacher_cover_features_only():
    output = StepOutput(torch.zeros(()), random_rows().bfloat16())
    assert set(representation_metrics(output)) == {"feature_std", "effective_rank"}


def test_metrics_with_teacher_have_no_gradient():
    logits = random_rows().requires_grad_()
    output = StepOutput(torch.zeros(()), logits, logits.softmax(1), logits.log_softmax(1))
    metrics = representation_metrics(output)
    assert set(metrics) == {"feature_std", "effective_rank", "teacher_entropy", "kl"}
    assert not any(value.requires_grad for value in metrics.values())
