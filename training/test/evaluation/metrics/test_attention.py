from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.metrics.attention import best_head_iou, normalized_entropy


def test_normalized_entropy_is_one_for_uniform_and_zero_for_peak():
    uniform, peak = np.full((4, 6), 0.01, np.float32), np.zeros((4, 6), np.float32)
    peak[2, 2] = 0.7
    assert normalized_entropy(uniform[None]) == pytest.approx(1)
    assert normalized_entropy(peak[None]) == 0
    assert normalized_entropy(np.stack([uniform, peak])) == pytest.approx(0.5)


def test_normalized_entropy_of_two_patches_is_log_two():
    head = np.zeros((1, 4, 4), np.float32)
    head[0, 0, :2] = 3
    assert normalized_entropy(head) == pytest.approx(np.log(2) / np.log(16))


@pytest.mark.parametrize("attention", [np.zeros((2, 3, 3)), np.ones((2, 1, 1))])
def test_normalized_entropy_without_attention_is_nan(attention):
    assert np.isnan(normalized_entropy(attention.astype(np.float32)))


def test_best_head_iou_upsamples_masks_and_takes_maximum():
    masks = np.zeros((3, 2, 3), bool)
    masks[1, 0, 0] = masks[2, :, 2] = True
    truth = np.zeros((20, 30), bool)
    truth[:, 20:] = True
    assert best_head_iou(masks, truth) == 1
    assert best_head_iou(masks[:2], truth) == 0
    truth[10:] = False
    assert best_head_iou(masks, truth) == 0.5
