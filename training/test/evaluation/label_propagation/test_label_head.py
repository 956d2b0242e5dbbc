from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scenerep_training.evaluation.label_propagation.label_head import RIDGE, LabelHead
from sklearn.linear_model import Ridge


def cells(seed=0, n=120, channels=6, labels=3):
    torch.manual_seed(seed)
    features = torch.randn(n, channels)
    return features, F.one_hot(features[:, :labels].argmax(1), labels).float()


def test_it_equals_ridge_regression_of_scikit_learn():
    features, labels = cells()
    weight = (labels / labels.mean(0)).sum(1)
    weight = (weight / weight.sum()).numpy()
    inputs = F.pad(features, (0, 1), value=1.0).numpy()
    penalty = RIDGE * np.trace((inputs * weight[:, None]).T @ inputs) / inputs.shape[1]
    oracle = Ridge(alpha=penalty, fit_intercept=False).fit(inputs, labels, sample_weight=weight)
    found = LabelHead(features, labels)(features)
    np.testing.assert_allclose(found, oracle.predict(inputs), atol=1e-4)


def test_a_later_frame_is_learned_and_the_first_one_is_not_forgotten():
    features, labels = cells()
    head = LabelHead(features, labels)
    torch.manual_seed(5)
    new = torch.randn(1, 6) * 2 + 0.05 * torch.randn(40, 6)
    target = F.one_hot(torch.full((40,), 2), 3).float()
    before = head(new)[:, 2].mean()
    for _ in range(20):
        head.learn(torch.cat([features, new]), torch.cat([labels, target]))
    assert head(new)[:, 2].mean() >= before
    assert (head(features).argmax(1) == labels.argmax(1)).float().mean() > 0.8


def test_cells_that_are_not_sure_teach_nothing():
    features, labels = cells()
    unsure = torch.full_like(labels[:20], 1 / 3)
    alone = LabelHead(features, labels)
    torch.manual_seed(7)
    beside = LabelHead(torch.cat([features, 9 * torch.randn(20, 6)]), torch.cat([labels, unsure]))
    share = (alone(features) - beside(features)).abs().max()
    assert share < 0.2
