"""Affinity graph and soft assignment against their definitions."""

import numpy as np
import pytest

from scenerep_ros.clustering.affinity import CONSTANTS, affinity_matrix, soft_assignment
from scenerep_ros.ops.unit_vectors import unit_rows


def random_points(count=6, channels=5):
    return unit_rows(np.random.default_rng(0).standard_normal((count, channels), np.float32))


def test_affinity_matrix_is_symmetric_with_unit_diagonal():
    affinities = affinity_matrix(random_points())
    np.testing.assert_allclose(affinities, affinities.T, rtol=1e-6)
    np.testing.assert_allclose(affinities.diagonal(), 1, rtol=2e-6)
    assert ((affinities > 0) & (affinities <= 1 + 1e-5)).all()


def test_affinity_divides_by_e_per_temperature():
    angle = np.arccos(1 - CONSTANTS.temperature)
    points = np.array([[1, 0], [np.cos(angle), np.sin(angle)]], np.float32)
    assert affinity_matrix(points)[0, 1] == pytest.approx(1 / np.e, rel=1e-3)


def test_soft_assignment_scores_sum_to_one():
    assignment = np.array([0, 0, 1, 1, 2, 2])
    scores = soft_assignment(affinity_matrix(random_points()), assignment, (2, 3)).scores
    assert scores.shape == (3, 2, 3)
    np.testing.assert_allclose(scores.sum(0), 1, rtol=1e-6)


def test_soft_assignment_outlier_joins_cluster_of_similar_patches():
    points = unit_rows(np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1], [1, 0.05]], np.float32))
    assignment = np.array([0, 0, 1, 1, 1])  # the last patch is assigned to the wrong cluster
    scores = soft_assignment(affinity_matrix(points), assignment, (1, 5)).scores
    assert scores.argmax(0).tolist() == [[0, 0, 1, 1, 0]]
