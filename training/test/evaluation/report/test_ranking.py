from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.evaluation.framework.protocol import Row
from scenerep_training.evaluation.report.ranking import best_and_worst


def rows(values):
    return [Row(str(index), "", {"iou": value}) for index, value in enumerate(values)]


def values(ranked):
    return [row.figures["iou"] for row in ranked]


def test_the_ten_best_and_the_ten_worst():
    shuffled = np.random.default_rng(0).permutation(50) / 50
    best, worst = best_and_worst(rows(shuffled), "iou")
    np.testing.assert_allclose(values(best), np.arange(49, 39, -1) / 50)
    np.testing.assert_allclose(values(worst), np.arange(10) / 50)


def test_where_less_is_better_the_best_are_the_smallest():
    best, worst = best_and_worst(rows([3.0, 1.0, 2.0, 4.0]), "iou", better=-1, shown=1)
    assert (values(best), values(worst)) == ([1], [4])


@given(st.lists(st.one_of(st.just(float("nan")), st.floats(0, 1)), max_size=30))
def test_every_sample_is_shown_once_and_undefined_ones_never(figures):
    best, worst = best_and_worst(rows(figures), "iou")
    shown = [row.name for row in (*best, *worst)]
    defined = [value for value in figures if not np.isnan(value)]
    assert len(shown) == len(set(shown)) == min(20, len(defined))
    if best and worst:
        assert min(values(best)) >= max(values(worst))


@pytest.mark.parametrize("figure", ["absent"])
def test_without_the_figure_nothing_is_ranked(figure):
    assert best_and_worst(rows([1.0]), figure) == ([], [])
