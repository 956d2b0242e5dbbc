"""Batched Lloyd iterations on small problems with known solutions."""

import numpy as np
import pytest

from scenerep_ros.clustering.kmeans.lloyd import BatchedLloyd

LINE = np.array([[-3.0], [-1.0], [1.0], [3.0]], np.float32)
"""Four points on a line, of mean zero."""


def float32(values):
    return np.array(values, np.float32)


def test_assign_ignores_unused_slots():
    problems = BatchedLloyd(LINE, [1, 2])
    centers = float32([[[0.0], [3.0]], [[-2.0], [2.0]]])  # slot 1 of problem 0 is unused
    memberships, _ = problems.assign(centers)
    assert memberships.tolist() == [[[1, 1, 1, 1], [0, 0, 0, 0]], [[1, 1, 0, 0], [0, 0, 1, 1]]]


def test_assign_scores_give_squared_distances():
    problems = BatchedLloyd(LINE, [2])
    _, scores = problems.assign(float32([[[-2.0], [2.0]]]))
    assert (problems.squared_norms - 2 * scores[0]).tolist() == [1, 1, 1, 1]


def test_update_uses_fallback_for_empty_cluster():
    problems = BatchedLloyd(LINE, [2])
    memberships = float32([[[1.0, 1, 1, 1], [0, 0, 0, 0]]])
    assert problems.update(memberships, np.float32(7.0)).tolist() == [[[0.0], [7.0]]]


def test_converge_solves_problems_of_different_sizes():
    problems = BatchedLloyd(LINE, [1, 2])
    memberships, _ = problems.assign(float32([[[5.0], [0.0]], [[-3.0], [2.0]]]))
    solution = problems.converge(memberships, tolerance=0.0)
    assert solution.centers[0, 0].item() == pytest.approx(0.0)
    assert solution.centers[1].flatten().tolist() == pytest.approx([-2.0, 2.0])
    assert solution.inertia.tolist() == pytest.approx([20.0, 4.0])


def test_converge_moves_empty_cluster_to_farthest_point():
    problems = BatchedLloyd(LINE, [3])
    memberships = float32([[[1.0, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 0]]])
    solution = problems.converge(memberships, tolerance=0.0)
    assert sorted(solution.centers.flatten().tolist()) == pytest.approx([-3.0, -1.0, 2.0])


def test_precise_inertia_recomputes_canceled_values():
    points = float32([[-1000.0], [-1000.0], [1000.0], [1000.01]])
    problems = BatchedLloyd(points, [2])
    memberships, _ = problems.assign(float32([[[-1000.0], [1000.0]]]))
    inertia = problems.precise_inertia(problems.converge(memberships, tolerance=0.0))
    assert inertia.item() == pytest.approx(5e-5, rel=0.05)
