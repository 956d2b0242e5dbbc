from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.evaluation.metrics.rand_index import adjusted_rand_index
from sklearn.metrics import adjusted_rand_score

LABEL_PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


@given(LABEL_PAIRS)
def test_adjusted_rand_index_equals_scikit_learn(pairs):
    first, second = np.array(pairs).T
    assert adjusted_rand_index(first, second) == pytest.approx(
        adjusted_rand_score(first, second), abs=1e-12
    )


def test_adjusted_rand_index_of_large_image_equals_scikit_learn():
    # The number of pairs of 300,000 pixels exceeds 32 bits.
    generator = np.random.default_rng(0)
    first = generator.integers(0, 9, (480, 640))
    second = np.where(generator.random(first.shape) < 0.3, 3, first)
    assert adjusted_rand_index(first, second) == pytest.approx(
        adjusted_rand_score(first.ravel(), second.ravel()), abs=1e-12
    )


def test_adjusted_rand_index_without_pixels_is_nan():
    assert np.isnan(adjusted_rand_index(np.array([], int), np.array([], int)))
