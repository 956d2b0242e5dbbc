"""The probe against scikit-learn's logistic regression, which minimises the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenerep_training.evaluation.protocols import linear_probe
from scenerep_training.evaluation.protocols.linear_probe import LinearProbe
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

CPU = torch.device("cpu")


def blobs(count, classes, spread, channels=12, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centres = rng.normal(size=(classes, channels))
    features = centres[labels] + spread * rng.normal(size=(count, channels))
    return (7 + 100 * features).astype(np.float32), labels.astype(np.int64)


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("spread", [0.1, 2.0])
def test_probabilities_are_those_of_scikit_learn(classes, spread, monkeypatch):
    monkeypatch.setattr(linear_probe, "BLOCK", 32)
    features, labels = blobs(140, classes, spread)
    scores = torch.from_numpy(LinearProbe(features, labels, classes, CPU)(features))
    standard = StandardScaler().fit_transform(features)
    # Of two classes scikit-learn has one weight vector w, where ours are w / 2 and -w / 2, of which
    # the penalty is half that of w.
    strength = 2.0 if classes == 2 else 1.0
    oracle = LogisticRegression(C=strength, max_iter=5000, tol=1e-8).fit(standard, labels)
    expected = oracle.predict_proba(standard)
    np.testing.assert_allclose(scores.softmax(1).numpy(), expected, atol=2e-3)
    np.testing.assert_array_equal(scores.argmax(1), oracle.predict(standard))


def test_separable_classes_are_told_apart_on_images_not_seen():
    features, labels = blobs(400, 8, 0.05)
    probe = LinearProbe(features[:200], labels[:200], 8, CPU)
    np.testing.assert_array_equal(probe(features[200:]).argmax(1), labels[200:])


def test_a_constant_channel_and_a_single_class_do_no_harm():
    features, labels = blobs(20, 2, 0.1)
    features[:, 3] = 5.0
    assert np.isfinite(LinearProbe(features, labels, 2, CPU)(features)).all()
    alone = LinearProbe(features, np.zeros_like(labels), 1, CPU)(features[0])
    assert alone.shape == (1,)
