from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.evaluation.metrics.classification import (
    NO_VOTE,
    in_top,
    knn_scores,
    unit_length,
)
from sklearn.neighbors import KNeighborsClassifier

TEMPERATURE = 0.07


def features(count, classes=9, channels=6, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=count)
    centres = np.random.default_rng(99).normal(size=(classes, channels))
    noise = rng.normal(size=(count, channels))
    return unit_length((centres[labels] + 1.5 * noise).astype(np.float32)), labels


@pytest.mark.parametrize("k", [1, 10, 20, 100, 200])
def test_predictions_are_those_of_scikit_learn_with_the_same_weights(k):
    known, labels = features(300)
    seen, _ = features(120, seed=1)
    oracle = KNeighborsClassifier(
        k,
        weights=lambda distance: np.exp((1 - distance) / TEMPERATURE),
        metric="cosine",
        algorithm="brute",
    ).fit(known, labels)
    found = [knn_scores(known @ one, labels, 9, (k,), TEMPERATURE)[k] for one in seen]
    np.testing.assert_array_equal(np.argmax(found, axis=1), oracle.predict(seen))
    shares = np.where(np.isfinite(found), found, 0)
    shares /= shares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, oracle.predict_proba(seen), atol=1e-5)


def test_several_k_at_once_are_as_one_by_one():
    known, labels = features(80)
    similarity = known @ features(1, seed=3)[0][0]
    together = knn_scores(similarity, labels, 9, (10, 20, 100, 200), TEMPERATURE)
    for k, scores in together.items():
        alone = knn_scores(similarity, labels, 9, (k,), TEMPERATURE)[k]
        np.testing.assert_allclose(scores, alone)


def test_with_fewer_images_than_k_all_vote():
    similarity, labels = np.array([1.0, 0.93, 0.0]), np.array([0, 1, 1])
    (scores,) = knn_scores(similarity, labels, 3, (200,), 0.07).values()
    np.testing.assert_allclose(scores[:2] / scores[1], [np.e, 1], rtol=1e-5)
    assert scores[2] == NO_VOTE


def test_of_a_tie_the_lower_class_comes_first():
    scores = np.array([1.0, 3.0, 3.0])
    assert [in_top(scores, truth, 1) for truth in range(3)] == [False, True, False]
    assert [in_top(scores, truth, 2) for truth in range(3)] == [False, True, True]


def test_without_a_vote_no_class_is_among_the_best_however_few_they_are():
    scores = np.array([NO_VOTE, 2.0])
    assert [in_top(scores, truth, 5) for truth in range(2)] == [False, True]


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=12), st.integers(1, 12))
def test_so_many_classes_are_in_the_top_as_there_is_room_for(scores, count):
    hits = sum(in_top(np.array(scores), truth, count) for truth in range(len(scores)))
    assert hits == min(count, len(scores))
