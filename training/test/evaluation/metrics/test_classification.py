from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.evaluation.metrics.classification import (
    NO_VOTE,
    is_in_top_k,
    knn_scores,
    normalize_features,
)
from sklearn.neighbors import KNeighborsClassifier

CLASSES = 9
TEMPERATURE = 0.07


def labelled_features(count, channels=6, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(CLASSES, size=count)
    centers = np.random.default_rng(99).normal(size=(CLASSES, channels))
    noise = rng.normal(size=(count, channels))
    return normalize_features((centers[labels] + 1.5 * noise).astype(np.float32)), labels


@pytest.mark.parametrize("k", [1, 10, 20, 100, 200])
def test_knn_scores_equal_weighted_knn_of_scikit_learn(k):
    train_features, labels = labelled_features(300)
    features, _ = labelled_features(120, seed=1)
    oracle = KNeighborsClassifier(
        k,
        weights=lambda distance: np.exp((1 - distance) / TEMPERATURE),
        metric="cosine",
        algorithm="brute",
    ).fit(train_features, labels)
    scores = [
        knn_scores(train_features @ feature, labels, CLASSES, (k,), TEMPERATURE)[k]
        for feature in features
    ]
    np.testing.assert_array_equal(np.argmax(scores, axis=1), oracle.predict(features))
    shares = np.where(np.isfinite(scores), scores, 0)
    shares /= shares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, oracle.predict_proba(features), atol=1e-5)


def test_knn_scores_of_several_k_equal_separate_calls():
    train_features, labels = labelled_features(80)
    similarity = train_features @ labelled_features(1, seed=3)[0][0]
    together = knn_scores(similarity, labels, CLASSES, (10, 20, 100, 200), TEMPERATURE)
    for k, scores in together.items():
        separate = knn_scores(similarity, labels, CLASSES, (k,), TEMPERATURE)[k]
        np.testing.assert_allclose(scores, separate)


def test_knn_scores_with_fewer_images_than_k_use_all():
    similarity, labels = np.array([1.0, 0.93, 0.0]), np.array([0, 1, 1])
    (scores,) = knn_scores(similarity, labels, 3, (200,), TEMPERATURE).values()
    np.testing.assert_allclose(scores[:2] / scores[1], [np.e, 1], rtol=1e-5)
    assert scores[2] == NO_VOTE


def test_is_in_top_k_breaks_ties_by_lower_class():
    scores = np.array([1.0, 3.0, 3.0])
    assert [is_in_top_k(scores, true_class, 1) for true_class in range(3)] == [False, True, False]
    assert [is_in_top_k(scores, true_class, 2) for true_class in range(3)] == [False, True, True]


def test_is_in_top_k_without_vote_is_false():
    scores = np.array([NO_VOTE, 2.0])
    assert [is_in_top_k(scores, true_class, 5) for true_class in range(2)] == [False, True]


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=12), st.integers(1, 12))
def test_is_in_top_k_holds_for_exactly_k_classes(scores, k):
    hits = sum(is_in_top_k(np.array(scores), true_class, k) for true_class in range(len(scores)))
    assert hits == min(k, len(scores))
