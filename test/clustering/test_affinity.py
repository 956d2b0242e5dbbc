"""Affinity graph and soft assignment against their definitions."""

import pytest
import torch
from torch.nn.functional import normalize

from scenerep_ros.clustering.affinity import CONSTANTS, affinity_matrix, soft_assignment


def random_points(count=6, channels=5):
    return normalize(torch.randn(count, channels, generator=torch.Generator().manual_seed(0)))


def test_affinity_matrix_is_symmetric_with_unit_diagonal():
    affinities = affinity_matrix(random_points())
    torch.testing.assert_close(affinities, affinities.T)
    torch.testing.assert_close(affinities.diagonal(), torch.ones(6))
    assert ((affinities > 0) & (affinities <= 1 + 1e-5)).all()


def test_affinity_divides_by_e_per_temperature():
    angle = torch.acos(torch.tensor(1 - CONSTANTS.temperature))
    points = torch.stack([torch.tensor([1.0, 0.0]), torch.stack([angle.cos(), angle.sin()])])
    assert float(affinity_matrix(points)[0, 1]) == pytest.approx(torch.e**-1, rel=1e-3)


def test_soft_assignment_scores_sum_to_one():
    assignment = torch.tensor([0, 0, 1, 1, 2, 2])
    scores = soft_assignment(affinity_matrix(random_points()), assignment, (2, 3)).scores
    assert scores.shape == (3, 2, 3)
    torch.testing.assert_close(scores.sum(0), torch.ones(2, 3))


def test_soft_assignment_outlier_joins_cluster_of_similar_patches():
    points = normalize(torch.tensor([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1], [1, 0.05]]))
    assignment = torch.tensor([0, 0, 1, 1, 1])  # the last patch is assigned to the wrong cluster
    scores = soft_assignment(affinity_matrix(points), assignment, (1, 5)).scores
    assert scores.argmax(0).tolist() == [[0, 0, 1, 1, 0]]
