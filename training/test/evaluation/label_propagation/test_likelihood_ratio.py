from __future__ import annotations

import numpy as np
import pytest
from scenerep_training.evaluation.label_propagation.likelihood_ratio import log_likelihood_ratios

BINS = np.repeat([0, 15], 50).reshape(10, 10).astype(np.intp)
"""Measurement 0 in the upper half and 15 in the lower half."""
UPPER = (BINS == 0).astype(np.float32)
LOWER = 1 - UPPER


def test_log_likelihood_ratios_of_separate_distributions_have_opposite_signs():
    ratios = log_likelihood_ratios(BINS, background=UPPER, objects=LOWER[..., None], bin_count=16)
    assert ratios.shape == (10, 10, 1)
    assert (ratios[BINS == 15] > 1).all()
    assert (ratios[BINS == 0] < -1).all()


def test_log_likelihood_ratios_of_equal_distributions_are_zero():
    uniform = np.ones((10, 10), np.float32)
    ratios = log_likelihood_ratios(BINS, uniform, np.stack([uniform, 3 * uniform], -1), 16)
    np.testing.assert_allclose(ratios, 0, atol=1e-6)


def test_log_likelihood_ratios_smooth_neighboring_bins():
    """The kernel 1, 2, 3, 2, 1 weighs bins at distance 1 by 2 / 9 and at distance 2 by 1 / 9."""
    bins = np.array([[8, 9, 10, 11]], np.intp)
    background = np.zeros((1, 4), np.float32)
    objects = np.array([[[1], [0], [0], [0]]], np.float32)
    ratios = log_likelihood_ratios(bins, background, objects, bin_count=20)
    likelihoods = np.exp(ratios[0, :, 0])
    expected = np.array([3 / 9, 2 / 9, 1 / 9, 0]) + 0.02
    assert likelihoods / likelihoods[0] == pytest.approx(expected / expected[0], rel=1e-3)


def test_log_likelihood_ratios_without_pixels_are_finite():
    empty = np.zeros((10, 10), np.float32)
    assert np.isfinite(log_likelihood_ratios(BINS, empty, empty[..., None], 16)).all()
