from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scenerep_training.evaluation.metrics.masks import (
    best_region,
    best_union,
    mask_iou,
    max_f_beta,
    pixel_accuracy,
)

TRUTH = np.array([[1, 1, 1, 1], [0, 0, 0, 0]], bool)
LEFT = np.array([[1, 1, 0, 0], [1, 1, 0, 0]], bool)
EMPTY = np.zeros((2, 4), bool)


def test_mask_metrics_of_half_overlap_match_hand_calculation():
    # 2 hits of 4 predicted and 4 true pixels; 4 of 8 pixels correct; P = R = F = 0.5.
    assert mask_iou(LEFT, TRUTH) == 2 / 6
    assert pixel_accuracy(LEFT, TRUTH) == 0.5
    assert max_f_beta(LEFT, TRUTH) == pytest.approx(0.5)


def test_max_f_beta_weights_precision_over_recall():
    # P = 1, R = 0.5: 1.3 * 0.5 / (0.3 + 0.5)
    assert max_f_beta(LEFT & TRUTH, TRUTH) == pytest.approx(0.65 / 0.8)


def test_max_f_beta_of_map_takes_best_threshold():
    saliency = np.array([[0.9, 0.8, 0.7, 0.6], [0.65, 0.2, 0.1, 0.0]])
    # Threshold 0.6: P = 4/5, R = 1; threshold 0.7: P = 1, R = 3/4.
    candidates = [1.3 * 0.8 / (0.3 * 0.8 + 1), 1.3 * 0.75 / (0.3 + 0.75)]
    assert max_f_beta(saliency, TRUTH) == pytest.approx(max(candidates))


@pytest.mark.parametrize(
    ("predicted", "truth", "iou", "f_beta"),
    [
        (EMPTY, TRUTH, 0, 0),
        (TRUTH, EMPTY, 0, 0),
        (EMPTY, EMPTY, 1, 1),
        (np.ones((1, 1), bool), np.ones((1, 1), bool), 1, 1),
    ],
    ids=["no prediction", "no object", "neither", "one pixel"],
)
def test_mask_metrics_of_empty_masks_are_defined(predicted, truth, iou, f_beta):
    assert mask_iou(predicted, truth) == iou
    assert max_f_beta(predicted, truth) == f_beta


def test_best_region_has_highest_iou():
    regions = np.array([[5, 5, 7, 7], [5, 5, 0, 0]])
    assert best_region(regions, TRUTH) == (7, 0.5)
    assert best_region(np.zeros_like(regions), TRUTH) == (0, 0.0)


def test_best_region_is_never_background():
    assert best_region(np.where(TRUTH, 0, 1), TRUTH) == (1, 0.0)


@given(
    arrays(np.int32, (4, 5), elements=st.integers(0, 5)),
    arrays(bool, (4, 5)).filter(lambda truth: truth.any()),
)
def test_best_union_equals_exhaustive_search(regions, truth):
    labels = np.unique(regions[regions > 0])
    subsets = chain.from_iterable(combinations(labels, n) for n in range(1, len(labels) + 1))
    exhaustive = max((mask_iou(np.isin(regions, subset), truth) for subset in subsets), default=0)
    mask, iou = best_union(regions, truth)
    assert iou == pytest.approx(exhaustive)
    assert mask_iou(mask, truth) == pytest.approx(iou)
