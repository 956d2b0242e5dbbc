from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.evaluation.framework.protocol import Row
from scenerep_training.evaluation.report.ranking import best_and_worst


def iou_rows(values):
    return [Row(str(index), "", {"iou": value}) for index, value in enumerate(values)]


def ious(ranked):
    return [row.metrics["iou"] for row in ranked]


def test_best_and_worst_return_ten_each_in_order():
    shuffled = np.random.default_rng(0).permutation(50) / 50
    best, worst = best_and_worst(iou_rows(shuffled), "iou")
    np.testing.assert_allclose(ious(best), np.arange(49, 39, -1) / 50)
    np.testing.assert_allclose(ious(worst), np.arange(10) / 50)


def test_best_and_worst_of_error_metric_are_reversed():
    best, worst = best_and_worst(iou_rows([3.0, 1.0, 2.0, 4.0]), "iou", direction=-1, count=1)
    assert (ious(best), ious(worst)) == ([1], [4])


@given(st.lists(st.one_of(st.just(float("nan")), st.floats(0, 1)), max_size=30))
def test_best_and_worst_are_disjoint_and_defined(values):
    best, worst = best_and_worst(iou_rows(values), "iou")
    names = [row.name for row in (*best, *worst)]
    defined = [value for value in values if not np.isnan(value)]
    assert len(names) == len(set(names)) == min(20, len(defined))
    if best and worst:
        assert min(ious(best)) >= max(ious(worst))


def test_best_and_worst_without_metric_are_empty():
    assert best_and_worst(iou_rows([1.0]), "absent") == ([], [])
