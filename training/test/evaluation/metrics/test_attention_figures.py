from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.metrics.attention import best_head, evenness


def test_entropy_is_1_for_a_head_that_looks_everywhere_and_0_for_one_that_stares():
    even, stare = np.full((4, 6), 0.01, np.float32), np.zeros((4, 6), np.float32)
    stare[2, 2] = 0.7
    assert evenness(even[None]) == pytest.approx(1)
    assert evenness(stare[None]) == 0
    assert evenness(np.stack([even, stare])) == pytest.approx(0.5)


def test_two_cells_of_sixteen_are_a_quarter_of_the_entropy():
    head = np.zeros((1, 4, 4), np.float32)
    head[0, 0, :2] = 3
    assert evenness(head) == pytest.approx(np.log(2) / np.log(16))


@pytest.mark.parametrize("attention", [np.zeros((2, 3, 3)), np.ones((2, 1, 1))])
def test_where_there_is_nothing_to_choose_entropy_is_undefined(attention):
    assert np.isnan(evenness(attention.astype(np.float32)))


def test_the_best_head_counts_at_the_image_s_size():
    masks = np.zeros((3, 2, 3), bool)
    masks[1, 0, 0] = masks[2, :, 2] = True
    truth = np.zeros((20, 30), bool)
    truth[:, 20:] = True
    assert best_head(masks, truth) == 1
    assert best_head(masks[:2], truth) == 0
    truth[10:] = False
    assert best_head(masks, truth) == 0.5
