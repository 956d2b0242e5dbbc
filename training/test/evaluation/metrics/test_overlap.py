from __future__ import annotations

import numpy as np
from scenerep_training.evaluation.metrics.overlap import (
    assign_max_sum,
    compute_overlap,
    contingency_table,
)

TRUTH = np.array([[0, 3, 3, 3], [0, 0, 5, 5]])
PREDICTED = np.array([[0, 2, 2, 9], [9, 0, 9, 9]])


def test_contingency_table_counts_label_pairs():
    first, second, counts = contingency_table(TRUTH, PREDICTED)
    assert (first.tolist(), second.tolist()) == ([0, 3, 5], [0, 2, 9])
    assert counts.tolist() == [[2, 0, 1], [0, 2, 1], [0, 0, 2]]


def test_compute_overlap_leaves_out_background():
    overlap = compute_overlap(TRUTH, PREDICTED)
    assert (overlap.truth_ids.tolist(), overlap.predicted_ids.tolist()) == ([3, 5], [2, 9])
    assert (overlap.truth_areas.tolist(), overlap.predicted_areas.tolist()) == ([3, 2], [2, 4])
    assert overlap.shared.tolist() == [[2, 1], [0, 2]]
    np.testing.assert_allclose(overlap.iou, [[2 / 3, 1 / 6], [0, 2 / 4]])
    np.testing.assert_allclose(overlap.f_measure, [[4 / 5, 2 / 7], [0, 4 / 6]])


def test_compute_overlap_of_empty_images_has_no_objects():
    overlap = compute_overlap(np.zeros((2, 2), int), np.zeros((2, 2), int))
    assert overlap.shared.shape == overlap.iou.shape == (0, 0)


def test_assign_max_sum_maximizes_sum_not_single_scores():
    rows, columns = assign_max_sum(np.array([[0.60, 0.57], [0.40, 0.0]]))
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [1, 0])
