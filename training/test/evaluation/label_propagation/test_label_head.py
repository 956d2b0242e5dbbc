from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scenerep_training.evaluation.label_propagation.label_head import RIDGE_RATIO, LabelHead
from sklearn.linear_model import Ridge


def labelled_patches(seed=0, count=120, channels=6, labels=3):
    torch.manual_seed(seed)
    features = torch.randn(count, channels)
    return features, F.one_hot(features[:, :labels].argmax(1), labels).float()


def test_label_head_equals_ridge_regression_of_scikit_learn():
    features, labels = labelled_patches()
    weight = (labels / labels.mean(0)).sum(1)
    weight = (weight / weight.sum()).numpy()
    inputs = F.pad(features, (0, 1), value=1.0).numpy()
    penalty = RIDGE_RATIO * np.trace((inputs * weight[:, None]).T @ inputs) / inputs.shape[1]
    oracle = Ridge(alpha=penalty, fit_intercept=False).fit(inputs, labels, sample_weight=weight)
    scores = LabelHead(features, labels)(features)
    np.testing.assert_allclose(scores, oracle.predict(inputs), atol=1e-4)


def test_update_learns_later_frames_and_keeps_first():
    features, labels = labelled_patches()
    head = LabelHead(features, labels)
    torch.manual_seed(5)
    new_features = torch.randn(1, 6) * 2 + 0.05 * torch.randn(40, 6)
    new_labels = F.one_hot(torch.full((40,), 2), 3).float()
    before = head(new_features)[:, 2].mean()
    for _ in range(20):
        head.update(torch.cat([features, new_features]), torch.cat([labels, new_labels]))
    assert head(new_features)[:, 2].mean() >= before
    assert (head(features).argmax(1) == labels.argmax(1)).float().mean() > 0.8


def test_label_head_ignores_patches_without_confidence():
    features, labels = labelled_patches()
    ambiguous = torch.full_like(labels[:20], 1 / 3)
    torch.manual_seed(7)
    noise = 9 * torch.randn(20, 6)
    alone = LabelHead(features, labels)
    joined = LabelHead(torch.cat([features, noise]), torch.cat([labels, ambiguous]))
    assert (alone(features) - joined(features)).abs().max() < 0.2
