"""Tests of the losses of tuning."""

from __future__ import annotations

import pytest
import torch
from scenerep_training.tuning.losses import gram_anchor, matching_loss, object_loss
from torch.nn.functional import normalize


def test_gram_anchor_ignores_rotation_of_features():
    torch.manual_seed(0)
    features = normalize(torch.randn(20, 8), dim=1)
    rotation = torch.linalg.qr(torch.randn(8, 8)).Q
    assert gram_anchor(features @ rotation, features) < 1e-10
    assert gram_anchor(torch.ones(20, 8) / 8**0.5, features) > 0.1


def test_matching_loss_is_small_for_right_patch():
    features, indices = torch.eye(6), torch.arange(6)
    right = matching_loss(features, features, indices, indices)
    wrong = matching_loss(features, features, indices, indices.roll(1))
    assert right < 0.01 < 5 < wrong
    assert matching_loss(features, features, indices[:0], indices[:0]) == 0


def test_object_loss_separates_object_from_background():
    labels = torch.tensor([1, 1, 0, 0, -1])
    separate = torch.eye(2)[[0, 0, 1, 1, 0]]
    assert object_loss(separate, labels) == pytest.approx(0.0)
    assert object_loss(torch.ones(5, 2) / 2**0.5, labels) == pytest.approx(1.0)
    assert object_loss(separate, torch.zeros(5)) == 0
