"""The probe against scikit-learn's logistic regression, which has the same objective."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.evaluation.probes import linear_probe
from scenerep_training.evaluation.probes.linear_probe import LinearProbe
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

CPU = torch.device("cpu")


def gaussian_blobs(count, classes, std, channels=12, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centers = rng.normal(size=(classes, channels))
    features = centers[labels] + std * rng.normal(size=(count, channels))
    return (7 + 100 * features).astype(np.float32), labels.astype(np.int64)


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("std", [0.1, 2.0])
def test_probabilities_equal_scikit_learn(classes, std, monkeypatch):
    monkeypatch.setattr(linear_probe, "BLOCK_SIZE", 32)
    features, labels = gaussian_blobs(140, classes, std)
    logits = torch.from_numpy(LinearProbe(features, labels, classes, CPU)(features))
    standardized = StandardScaler().fit_transform(features)
    # For two classes scikit-learn has one weight vector w; ours are w / 2 and -w / 2, with half
    # the penalty.
    inverse_regularization = 2.0 if classes == 2 else 1.0
    oracle = LogisticRegression(C=inverse_regularization, max_iter=5000, tol=1e-8)
    oracle.fit(standardized, labels)
    expected = oracle.predict_proba(standardized)
    np.testing.assert_allclose(logits.softmax(1).numpy(), expected, atol=2e-3)
    np.testing.assert_array_equal(logits.argmax(1), oracle.predict(standardized))


def test_probe_classifies_unseen_separable_features():
    features, labels = gaussian_blobs(400, 8, 0.05)
    probe = LinearProbe(features[:200], labels[:200], 8, CPU)
    np.testing.assert_array_equal(probe(features[200:]).argmax(1), labels[200:])


def test_probe_ignores_constant_channel():
    features, labels = gaussian_blobs(20, 2, 0.1)
    features[:, 3] = 5.0
    probe = LinearProbe(features, labels, 2, CPU)
    changed = features.copy()
    changed[:, 3] = 8.0
    assert np.isfinite(probe(features)).all()
    np.testing.assert_array_equal(probe(changed), probe(features))


def test_probe_supports_single_class():
    features, labels = gaussian_blobs(20, 2, 0.1)
    logits = LinearProbe(features, np.zeros_like(labels), 1, CPU)(features[0])
    assert logits.shape == (1,)
